import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, it, onTestFinished } from "vitest";

import { createClassicSource } from "./classic-source.ts";
import { openChartFile } from "./file-source.ts";
import { modifiedSecond } from "./modified-second.ts";
import { entryOf, indexOf, web } from "./testing/classic-repository.ts";

it.each([
  [1_685_577_600_999_999_999n, 1_685_577_600],
  [0n, 0],
  [-1n, -1],
  [-1_000_000_000n, -1],
])("%d nanoseconds lie in the second %d", (mtimeNs, second) => {
  expect(modifiedSecond({ mtimeNs })).toBe(second);
});

it("a file's time is taken as it is, and not as milliseconds round it, beside an index and alone", async () => {
  const folder = await mkdtemp(join(tmpdir(), "chartferry-test-"));
  onTestFinished(async () => rm(folder, { recursive: true }));
  const path = join(folder, "web-1.0.0.tgz");
  await writeFile(path, web);
  await writeFile(join(folder, "index.yaml"), indexOf(["web-1.0.0.tgz"]));
  // Node itself sets no such times.
  execFileSync("touch", ["-d", "2023-06-01T00:00:00.999999999Z", path]);
  const created = { helmCompatible: true };
  const source = createClassicSource({ location: folder, created });
  for (const chart of [await source.open(await entryOf(source)), await openChartFile(path, { created })]) {
    expect(chart).toMatchObject({ created: "2023-06-01T00:00:00Z" });
    await chart.release();
  }
});
