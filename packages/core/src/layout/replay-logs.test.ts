import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { StoredManifest } from "../content.ts";
import { mediaTypes } from "../media-types.ts";
import { blobPath } from "./blob-files.ts";
import { openLayoutStore, removeBlob } from "./layout-store.ts";
import { openLayoutTree, type LayoutTree } from "./layout-tree.ts";
import { storeManifest } from "./manifest-files.ts";
import { chartOf, leaveAsDead, listed, makeFolder, manifestOf, pushChart, stillClock } from "./testing/layout-fixture.ts";

let folder: Awaited<ReturnType<typeof makeFolder>>;
let live: LayoutTree;
beforeEach(async () => {
  folder = await makeFolder();
  live = await openLayoutTree(join(folder.path, "live"), { clock: stillClock() });
});
afterEach(async () => {
  await live.close();
  await folder.remove();
});

const corpse = (): Promise<string> => leaveAsDead(live, join(folder.path, "dead"));

/** What tags and digests name once the next process has opened it. */
async function referencesAfterRestart(path: string, references: readonly string[]): Promise<(string | undefined)[]> {
  const tree = await openLayoutTree(path);
  const store = await openLayoutStore(tree, "web");
  const found = await Promise.all(references.map(async (reference) => (await store.resolve(reference))?.digest));
  await tree.close();
  return found;
}

function indexOf({ mediaType, digest, bytes }: StoredManifest): StoredManifest {
  return manifestOf({ schemaVersion: 2, manifests: [{ mediaType, digest, size: bytes.byteLength }] }, mediaTypes.ociIndex);
}

describe("changes that are repeated from the logs of a dead owner", () => {
  it("does not give a deleted version's tag back to the one that had it before", async () => {
    const store = await openLayoutStore(live, "web");
    const older = await pushChart(store, "1.0.0");
    const newer = await pushChart(store, "1.0.0", chartOf("1.0.0-again"));
    await store.deleteManifest(newer.manifest.digest);
    expect(await store.resolve("1.0.0")).toBeUndefined();
    expect(await referencesAfterRestart(await corpse(), ["1.0.0", older.manifest.digest])).toEqual([undefined, older.manifest.digest]);
  });

  it("does not give it back either where another tool wrote the index meanwhile", async () => {
    const store = await openLayoutStore(live, "web");
    await pushChart(store, "1.0.0");
    const newer = await pushChart(store, "1.0.0", chartOf("1.0.0-again"));
    await store.deleteManifest(newer.manifest.digest);
    const path = await corpse();
    await writeFile(join(path, "web/index.json"), '{"schemaVersion":2,"manifests":[],"annotations":{"by":"another tool"}}');
    expect(await referencesAfterRestart(path, ["1.0.0"])).toEqual([undefined]);
  });

  it("keeps the tag on an index when a manifest that it names is deleted, as it was before", async () => {
    const store = await openLayoutStore(live, "web");
    const part = await pushChart(store, "all");
    const index = indexOf(part.manifest);
    await store.putManifest("all", index);
    await store.deleteManifest(part.manifest.digest);
    expect(await referencesAfterRestart(await corpse(), ["all", part.manifest.digest])).toEqual([index.digest, undefined]);
  });

  it("keeps the tag on an index that was let in without the manifests it names", async () => {
    const store = await openLayoutStore(live, "web");
    await pushChart(store, "all");
    const index = indexOf(chartOf("absent").manifest);
    await storeManifest(await live.openRepository("web"), index, { tags: ["all"], sparseIndexes: true });
    expect(await referencesAfterRestart(await corpse(), ["all"])).toEqual([index.digest]);
  });

  it("keeps the tag on a version whose blob is deleted, as it was before", async () => {
    const store = await openLayoutStore(live, "web");
    await pushChart(store, "1.0.0");
    const newer = await pushChart(store, "1.0.0", chartOf("1.0.0-again"));
    expect(await removeBlob(await live.openRepository("web"), newer.layer.digest)).toBe(true);
    expect(await referencesAfterRestart(await corpse(), ["1.0.0"])).toEqual([newer.manifest.digest]);
  });

  it.each([
    ["no index.json has seen", undefined],
    ["another tool's index.json does not name", '{"schemaVersion":2,"manifests":[],"annotations":{"by":"another tool"}}'],
  ])("lists what refers to a version, also what %s", async (_which, index) => {
    const store = await openLayoutStore(live, "web");
    const { manifest } = await pushChart(store, "1.0.0");
    const subject = { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.byteLength };
    const signature = await pushChart(store, "signature", chartOf("signature", { subject }));
    const path = await corpse();
    if (index !== undefined) await writeFile(join(path, "web/index.json"), index);
    const tree = await openLayoutTree(path);
    const referrers = await listed((await openLayoutStore(tree, "web")).referrers(manifest.digest));
    expect(referrers.map(({ digest }) => digest)).toEqual([signature.manifest.digest]);
    await tree.close();
  });

  it("does not show a tag whose manifest has other bytes than its digest says", async () => {
    const store = await openLayoutStore(live, "web");
    const [whole, damaged] = [await pushChart(store, "1.0.0"), await pushChart(store, "1.1.0")];
    const path = await corpse();
    expect(whole.manifest.bytes.byteLength).toBe(damaged.manifest.bytes.byteLength);
    await writeFile(blobPath(join(path, "web"), damaged.manifest.digest), whole.manifest.bytes);
    expect(await referencesAfterRestart(path, ["1.0.0", "1.1.0"])).toEqual([whole.manifest.digest, undefined]);
  });

  it("does not show a version whose bytes a power cut took when it was deleted and pushed again before", async () => {
    const store = await openLayoutStore(live, "web");
    const lost = await pushChart(store, "1.0.0");
    await store.deleteManifest(lost.manifest.digest);
    await pushChart(store, "1.0.0");
    const path = await corpse();
    await rm(blobPath(join(path, "web"), lost.layer.digest));
    expect(await referencesAfterRestart(path, ["1.0.0", lost.manifest.digest])).toEqual([undefined, undefined]);
  });
});
