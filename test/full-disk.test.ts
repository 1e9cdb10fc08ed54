import { statSync } from "node:fs";
import { join } from "node:path";

import { scrubLayout } from "@chartferry/core/layout";
import { afterAll, afterEach, describe, expect, it } from "vitest";

import { inParallel, pushChart, RefusedError } from "./load/push-charts.ts";
import { createSender } from "./load/send-request.ts";
import { syntheticChart } from "./load/synthetic-charts.ts";
import { expectFailure } from "./runs/expect-failure.ts";
import { makeChart } from "./charts/make-chart.ts";
import { reportOf, runMigrate } from "./runs/run-migrate.ts";
import { startEmbedded } from "./servers/start-embedded.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { makeSmallDisk, smallDiskProblem, type SmallDisk } from "./support/small-disk.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const problem = smallDiskProblem();
const because = problem === undefined ? "" : ` (skipped: ${problem})`;

const scratch = makeTempDir("full-disk");
afterAll(() => removeTempDir(scratch));

let disk: SmallDisk | undefined;
afterEach(() => disk?.remove());

function smallDisk(): SmallDisk {
  const made = makeSmallDisk("1m");
  if (made.path === undefined) throw new Error(made.reason);
  disk = made;
  return made;
}

/** Does not shrink in a gzip. */
const noise = (seed: number): string => {
  let state = seed + 1;
  return Array.from({ length: 60_000 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return String.fromCharCode(33 + ((state >>> 16) % 90));
  }).join("");
};

describe.skipIf(problem !== undefined)(`a disk that fills up${because}`, () => {
  it("fails the versions for which there is no room, names the folder, and the next run brings the rest", async () => {
    const { path, resize } = smallDisk();
    const source = join(scratch, "source");
    const charts = Array.from({ length: 40 }, (_, number) => makeChart("web", `1.${number}.0`, { files: { "noise.txt": noise(number) } }));
    writeRepository(source, charts);
    const target = join(path, "layouts");
    const first = await runMigrate([source, `oci-layout:${target}`], { home: join(scratch, "home") });
    expectFailure(first, { code: 1, reason: "disk-full", says: [target, /free space/u] });
    const arrived = reportOf(first).versions.filter(({ status }) => status === "pushed").length;
    expect(arrived).toBeGreaterThan(3);
    expect(await scrubLayout(target)).toMatchObject({ tags: arrived, damage: [] });
    resize("64m");
    const second = await runMigrate([source, `oci-layout:${target}`], { home: join(scratch, "home") });
    expect({ code: second.code, stderr: second.stderr }).toMatchObject({ code: 0 });
    expect(reportOf(second).versions.filter(({ status }) => status === "pushed")).toHaveLength(40 - arrived);
    expect(await scrubLayout(target)).toMatchObject({ tags: 40, damage: [] });
  });

  it("is told to clients of the embedded registry, which keeps what it acknowledged and goes on once there is room", async () => {
    const { path, resize } = smallDisk();
    const registry = await startEmbedded({ directory: join(path, "layouts") });
    const { send, close } = createSender(registry.url, 4);
    const acknowledged: string[] = [];
    const refusals: number[] = [];
    await inParallel(60, 4, async (number) => {
      const chart = syntheticChart(`1.${number}.0`, 40_000);
      try {
        await pushChart(send, "charts/web", { chart, form: number % 2 === 0 ? "single" : "session" });
        acknowledged.push(chart.tag);
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        refusals.push(error.status);
      }
    });
    expect(acknowledged.length).toBeGreaterThan(5);
    expect(new Set(refusals)).toEqual(new Set([507]));
    expect(registry.output()).toContain(`no space is left at ${path}`);
    resize("64m");
    await pushChart(send, "charts/web", { chart: syntheticChart("2.0.0", 40_000), form: "session" });
    close();
    expect(await registry.stop("SIGTERM")).toBe(0);
    const scrubbed = await scrubLayout(join(path, "layouts"));
    expect(scrubbed).toMatchObject({ tags: acknowledged.length + 1, damage: [] });
    expect(statSync(join(path, "layouts/charts/web/index.json")).size).toBeGreaterThan(1000);
  });
});
