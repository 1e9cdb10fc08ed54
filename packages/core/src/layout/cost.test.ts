import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { mediaTypes } from "../media-types.ts";
import { openLayoutStore } from "./layout-store.ts";
import { openLayoutTree } from "./layout-tree.ts";
import type { FileCounts } from "./testing/counting-files.ts";
import { blobOf, listed, makeFolder, pushChart, stillClock } from "./testing/layout-fixture.ts";

const counts = vi.hoisted((): FileCounts => ({ calls: {}, bytes: 0, open: 0 }));
vi.mock(import("node:fs/promises"), async (original) => {
  const { countingFiles } = await import("./testing/counting-files.ts");
  return countingFiles(await original(), counts);
});

let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

/** A repository with so many tags, as another program could have written it. */
async function standing(name: string, tags: number): Promise<void> {
  const path = join(folder.path, name);
  await mkdir(join(path, "blobs/sha256"), { recursive: true });
  await writeFile(join(path, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  const manifests = Array.from({ length: tags }, (_, number) => ({
    mediaType: mediaTypes.ociManifest,
    digest: blobOf(`manifest ${number}`).digest,
    size: 500,
    annotations: { "org.opencontainers.image.ref.name": `0.${number}.0` },
  }));
  await writeFile(join(path, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
}

/** What the file system is asked for while twenty charts are pushed into a repository that holds so many tags. */
async function costAt(tags: number, durability: "fsync" | "none"): Promise<object> {
  await standing(`web-${tags}`, tags);
  const tree = await openLayoutTree(folder.path, { durability, clock: stillClock() });
  const store = await openLayoutStore(tree, `web-${tags}`);
  await pushChart(store, "1.0.0");
  Object.assign(counts, { calls: {}, bytes: 0 });
  for (let number = 10; number < 30; number += 1) await pushChart(store, `1.0.${number}`);
  const cost = { calls: { ...counts.calls }, bytes: counts.bytes };
  await tree.close();
  return cost;
}

describe("the cost of a push", { timeout: 60_000 }, () => {
  it.each(["fsync", "none"] as const)(
    "is the same in a repository of 10 and of 10,000 versions: calls and bytes, with durability %s",
    async (durability) => {
      const small = await costAt(10, durability);
      expect(await costAt(10_000, durability)).toEqual(small);
      expect(small).toMatchObject({ calls: { open: expect.any(Number), rename: 60 } });
    },
  );

  it("needs few open files, however many repositories were pushed to", async () => {
    const tree = await openLayoutTree(folder.path, { durability: "none", clock: stillClock() });
    const before = counts.open;
    for (let number = 0; number < 100; number += 1) await pushChart(await openLayoutStore(tree, `web-${number}`), "1.0.0");
    expect(counts.open - before).toBeLessThanOrEqual(32);
    for (let number = 0; number < 100; number += 1) await pushChart(await openLayoutStore(tree, `web-${number}`), "2.0.0");
    // As a process that dies now leaves it: all there is are the logs.
    const reader = await openLayoutTree(folder.path, { readOnly: true });
    expect(await listed((await openLayoutStore(reader, "web-99")).tags())).toEqual(["1.0.0", "2.0.0"]);
    await reader.close();
    await tree.close();
    expect(counts.open).toBe(before);
  });
});
