import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

import { makeChart } from "./charts/make-chart.ts";
import { provenanceText, writeRepository } from "./charts/write-repository.ts";
import { readContents } from "./runs/read-contents.ts";
import { migrateToJson } from "./runs/run-migrate.ts";
import { sideBySide } from "./runs/side-by-side.ts";
import { registryKinds, type RunningRegistry } from "./servers/registry-kinds.ts";
import { startSteppingProxy, type Step } from "./servers/stepping-proxy.ts";
import { spawnChartferry, type SpawnedChartferry } from "./support/chartferry.ts";
import { describeWith } from "./support/real-tools.ts";
import { type StaticServer, startStaticServer } from "./servers/start-static-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

// Which steps there are is not written down: an undisturbed run shows them, so that whatever a version takes one day is part of them.

/** Some forty runs of the program, two at a time: on a machine that has other work, too, that takes a while. */
const limitMs = 300_000;

for (const kind of registryKinds) {
  describeWith(kind.needs, `a migration into ${kind.title} that is killed at each step of its requests`, () => {
    const scratch = makeTempDir("kill-steps");
    let source: StaticServer;
    let registry: RunningRegistry;

    beforeAll(async () => {
      const signed = makeChart("web", "1.0.0");
      writeRepository(join(scratch, "source"), [{ chart: signed, provenance: provenanceText(signed) }, makeChart("web", "1.1.0")]);
      [source, registry] = await Promise.all([startStaticServer(join(scratch, "source")), kind.start()]);
    });
    afterAll(async () => {
      await source.stop();
      await registry.stop();
      removeTempDir(scratch);
    });

    /** Runs until `step` (all the way without one), and once more; what stood there after each run. */
    async function disturb(step: Step | undefined): Promise<Disturbed> {
      const namespace = step === undefined ? "undisturbed" : `${step.side}-${step.place}`;
      const home = makeTempDir("kill-steps-home");
      const temporary = join(home, "tmp");
      mkdirSync(temporary);
      let running: SpawnedChartferry | undefined;
      const proxy = await startSteppingProxy(
        () => registry.host,
        async ({ side, place }) => {
          if (running === undefined || side !== step?.side || place !== step.place) return undefined;
          running.kill("SIGKILL");
          await running.ended;
          return "break";
        },
      );
      try {
        const args = [source.url, `oci://${proxy.host}/${namespace}`, "--concurrency", "1"];
        running = spawnChartferry(["migrate", ...args], { home, env: { TMPDIR: temporary } });
        const { code } = await running.ended;
        expect.soft(readdirSync(temporary), `temporary files when killed at ${namespace}`).toEqual([]);
        running = undefined;
        const { steps } = proxy;
        const passed = steps.map((each) => ({ ...each }));
        const before = await readContents(registry.host, namespace, ["web"]);
        const again = await migrateToJson(args, { home });
        return { codes: [code, again.code], steps: passed, before, after: await readContents(registry.host, namespace, ["web"]) };
      } finally {
        await proxy.stop();
        removeTempDir(home);
      }
    }

    it(
      "has nothing half there after the kill, and after another run what an undisturbed one brings",
      async () => {
        const { steps, after: expected, codes } = await disturb(undefined);
        expect(codes).toEqual([0, 0]);
        expect(expected).toHaveLength(2);
        expect(countKinds(steps)).toMatchObject({ "PUT manifest": 2 });

        const results = await sideBySide(steps.filter(isDistinct), 2, async (step) => ({ step, ...(await disturb(step)) }));
        for (const {
          step,
          codes: [killed, again],
          before,
          after,
        } of results) {
          const title = `killed ${step.side} request ${step.place} (${step.kind})`;
          expect.soft({ killed, again }, title).toEqual({ killed: -1, again: 0 });
          expect.soft(expected, `half there when ${title}`).toEqual(expect.arrayContaining([...before]));
          expect.soft(after, title).toEqual(expected);
        }
      },
      limitMs,
    );
  });
}

interface Disturbed {
  readonly codes: readonly [number, number];
  /** Of the first run. */
  readonly steps: readonly Step[];
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** What the server has seen before a request is what it had seen after the one before. */
function isDistinct({ side, place }: Step): boolean {
  return side !== "before" || place === 1;
}

/** Requests of each kind. */
function countKinds(steps: readonly Step[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { side, kind } of steps) if (side === "before") counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
