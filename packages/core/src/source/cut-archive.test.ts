import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { buildSmallChart } from "../chart/testing/build-archive.ts";
import { digestOf } from "../digest.ts";
import { createClassicSource } from "./classic-source.ts";
import { openChartFile } from "./file-source.ts";
import { entryOf, failureOf, indexOf, itemsOf } from "./testing/classic-repository.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chartferry-test-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Bytes that no compression makes smaller, so that what is cut off is missing. */
const noise = Buffer.concat(Array.from({ length: 600 }, (_, at) => createHash("sha256").update(String(at)).digest()));
const whole = buildSmallChart({ name: "web", version: "1.0.0" }, { "files/noise": noise });
const cut = whole.subarray(0, whole.byteLength - 4000);

describe("an archive that is cut off", () => {
  it("is refused where the index has no digest for it, and taken where it has", async () => {
    await writeFile(join(folder, "web-1.0.0.tgz"), cut);
    const index = join(folder, "index.yaml");
    await writeFile(index, indexOf(["web-1.0.0.tgz"], { digest: "" }));
    const unchecked = createClassicSource({ location: folder, allowMissingDigest: true });
    expect(await failureOf(unchecked.open(await entryOf(unchecked)))).toMatchObject({
      code: "archive-invalid",
      repository: "web",
      version: "1.0.0",
      message: expect.stringContaining("ends too early"),
    });
    await writeFile(index, indexOf(["web-1.0.0.tgz"], { digest: digestOf(cut) }));
    const checked = createClassicSource({ location: folder });
    expect(await checked.open(await entryOf(checked))).toMatchObject({ notes: [{ code: "damaged-archive" }] });
  });

  it("is refused as a file, and in a folder without index", async () => {
    await writeFile(join(folder, "web-1.0.0.tgz"), cut);
    expect(await failureOf(openChartFile(join(folder, "web-1.0.0.tgz")))).toMatchObject({ code: "archive-invalid" });
    const [item] = await itemsOf(createClassicSource({ location: folder }));
    expect(item).toMatchObject({ kind: "problem", problem: { error: { code: "archive-invalid" } } });
  });

  it("is refused wherever it is cut within what Helm reads, also when it does not fit into memory", async () => {
    const path = join(folder, "web-1.0.0.tgz");
    for (const missing of [1000, 8000, 15_000]) {
      await writeFile(path, whole.subarray(0, whole.byteLength - missing));
      for (const memoryLimit of [undefined, 100])
        expect(await failureOf(openChartFile(path, { memoryLimit })), `${missing}`).toMatchObject({ code: "archive-invalid" });
    }
  });

  it("that is whole and damaged in the middle is taken all the same", async () => {
    const flipped = Buffer.from(whole);
    flipped[whole.byteLength - 6000] = (flipped[whole.byteLength - 6000] ?? 0) ^ 0xff;
    await writeFile(join(folder, "web-1.0.0.tgz"), flipped);
    await expect(openChartFile(join(folder, "web-1.0.0.tgz"))).resolves.toMatchObject({ kind: "assemble" });
  });
});
