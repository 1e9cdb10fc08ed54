import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { commandLine, measureNode } from "./bench/measure-process.ts";
import { packedSize, seeded } from "./bench/synthetic-repository.ts";
import { makeChart } from "./charts/make-chart.ts";
import { readReport } from "./runs/read-report.ts";
import { type Place, startPlace } from "./servers/start-place.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { type StaticServer, startStaticServer } from "./servers/start-static-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const count = 800;
const largeEvery = 20;
const large = 2_000_000;

const scratch = makeTempDir("lanes-memory");
let source: StaticServer;
let archiveBytes = 0;

beforeAll(async () => {
  const random = seeded(7);
  const noise = Buffer.from(Array.from({ length: large }, () => Math.floor(random() * 256))).toString("base64");
  // Sizes as in a real catalogue, and some that are much larger. Base64 packs to three quarters.
  const charts = Array.from({ length: count }, (_none, place) => {
    const size = place % largeEvery === 0 ? large : packedSize(random);
    const from = Math.floor(random() * (noise.length - size * (4 / 3)));
    return makeChart(`chart-${place % 20}`, `1.${place}.0`, { files: { "noise.txt": noise.slice(from, from + (size * 4) / 3) } });
  });
  archiveBytes = charts.reduce((sum, { archive }) => sum + archive.byteLength, 0);
  writeRepository(join(scratch, "repository"), charts);
  source = await startStaticServer(join(scratch, "repository"));
}, 60_000);
afterAll(async () => {
  await source.stop();
  removeTempDir(scratch);
});

it("keeps charts of real size for a target that lags without loading them twice and without the memory they would take", async () => {
  let slowWhenFastWasDone = 0;
  const fast = await startPlace({
    directory: join(scratch, "fast"),
    lag: 10,
    onManifest: (manifests) => {
      if (manifests === count) slowWhenFastWasDone = slow.manifests();
    },
  });
  // Nearly stands still until the fast one is nearly done, so that most of the charts have to wait for it.
  const lagOfSlow = (): number => (fast.manifests() < count * 0.9 ? 1000 : 10);
  const slow: Place = await startPlace({ directory: join(scratch, "slow"), lag: lagOfSlow });
  let closing: Promise<void> | undefined;
  const mortal = await startPlace({
    directory: join(scratch, "mortal"),
    lag: 10,
    onManifest: (manifests) => {
      if (manifests === count / 2) closing = mortal.stop();
    },
  });
  const report = join(scratch, "report.json");
  const targets = [fast.target, slow.target, mortal.target];
  const args = ["migrate", source.url, ...targets, "--provenance", "skip", "--concurrency", "32", "--report", report];
  const { code, peakMegabytes } = await measureNode([commandLine, ...args], { home: scratch });
  await closing;

  expect([code, fast.manifests(), slow.manifests()]).toEqual([1, count, count]);
  // So much waited for the slow one, and it did not wait in memory.
  expect(slowWhenFastWasDone).toBeLessThan(count / 2);
  expect(archiveBytes).toBeGreaterThan(120_000_000);
  expect(source.requests.filter(({ path }) => path.endsWith(".tgz"))).toHaveLength(count);
  expect(readReport(report).totals.downloads).toMatchObject({ charts: count, reopened: 0 });
  expect(peakMegabytes).toBeLessThan(200);
  await Promise.all([fast.stop(), slow.stop()]);
}, 120_000);
