import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { scrubLayout } from "@chartferry/core/layout";
import { afterAll, beforeAll, expect, it } from "vitest";

import { makeChart } from "./charts/make-chart.ts";
import { provenanceText, writeRepository } from "./charts/write-repository.ts";
import { makeRandom } from "./charts/make-random.ts";
import { readContents } from "./runs/read-contents.ts";
import { migrateToJson } from "./runs/run-migrate.ts";
import { sideBySide } from "./runs/side-by-side.ts";
import { registryKinds, type RunningRegistry } from "./servers/registry-kinds.ts";
import { startEmbedded } from "./servers/start-embedded.ts";
import { startSteppingProxy } from "./servers/stepping-proxy.ts";
import { spawnChartferry, type SpawnedChartferry } from "./support/chartferry.ts";
import { describeWith } from "./support/real-tools.ts";
import { type StaticServer, startStaticServer } from "./servers/start-static-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const seed = Number(process.env["CHARTFERRY_SEED"] ?? Date.now() % 1_000_000);
const names = ["api", "db", "web"];
const charts = names.flatMap((name) => Array.from({ length: 8 }, (_, place) => makeChart(name, `1.${place}.0`)));

const scratch = makeTempDir("kill-random");
let source: StaticServer;
beforeAll(async () => {
  const signed = charts.map((chart, place) => (place % 3 === 0 ? { chart, provenance: provenanceText(chart) } : chart));
  writeRepository(join(scratch, "source"), signed);
  source = await startStaticServer(join(scratch, "source"));
});
afterAll(async () => {
  await source.stop();
  removeTempDir(scratch);
});

/** Some forty runs of the program and as many of the registry over a folder, two at a time: on a machine that has other work, too, that takes a while. */
const limitMs = 300_000;

interface Moment {
  /** Ends some milliseconds after this request, counted at both ends together. */
  readonly place: number;
  readonly delayMs: number;
  readonly signal: "SIGKILL" | "SIGINT";
}

interface Between {
  readonly registry: string;
  readonly namespace: string;
  readonly home: string;
}

/** Runs with a proxy before the source and the registry, and a folder as second target, to the end or to the moment; how many requests there were. */
async function run(moment: Moment | undefined, { registry, namespace, home }: Between): Promise<{ codes: number[]; requests: number }> {
  let running: SpawnedChartferry | undefined;
  let requests = 0;
  const count = async ({ side }: { readonly side: string }): Promise<void> => {
    if (side !== "before" || ++requests !== moment?.place) return;
    await delay(moment.delayMs);
    running?.kill(moment.signal);
  };
  const [front, back] = await Promise.all([startSteppingProxy(() => source.host, count), startSteppingProxy(() => registry, count)]);
  try {
    const args = [front.url, `oci://${back.host}/${namespace}`, `oci-layout:${join(home, "layouts")}`];
    running = spawnChartferry(["migrate", ...args], { home });
    const { code } = await running.ended;
    const all = requests;
    running = undefined;
    const again = await migrateToJson(args, { home });
    return { codes: [code, again.code], requests: all };
  } finally {
    await Promise.all([front.stop(), back.stop()]);
  }
}

/** The same of both targets, the folder read by a registry over it; and whatever is damaged in the folder. */
async function contentsOf({ registry, namespace, home }: Between): Promise<{ registry: string[]; folder: string[]; damage: unknown[] }> {
  const directory = join(home, "layouts");
  const folder = await startEmbedded({ directory, options: ["--read-only"] });
  try {
    const { damage } = await scrubLayout(directory);
    return {
      registry: await readContents(registry, namespace, names),
      folder: await readContents(folder.host, "", names),
      damage: [...damage],
    };
  } finally {
    await folder.stop();
  }
}

/** In how many moments each registry is killed: real ones bring what differs between servers, ours the number. */
const kinds = registryKinds.map((kind) => ({ kind, kills: kind.needs.length === 0 ? 20 : 8, interrupts: kind.needs.length === 0 ? 5 : 3 }));

for (const { kind, kills, interrupts } of kinds) {
  describeWith(kind.needs, `a migration into ${kind.title} and a folder`, () => {
    let registry: RunningRegistry;
    beforeAll(async () => {
      registry = await kind.start();
    });
    afterAll(async () => {
      await registry.stop();
    });

    const between = (namespace: string): Between => ({ registry: registry.host, namespace, home: makeTempDir("kill-random-home") });

    it.each([
      ["SIGKILL", kills],
      ["SIGINT", interrupts],
    ] as const)(
      `that ends by %s at %d random moments brings each time what an undisturbed one does (CHARTFERRY_SEED=${seed})`,
      { timeout: limitMs },
      async (signal, count) => {
        const random = makeRandom(seed);
        const undisturbed = between(`undisturbed-${signal.toLowerCase()}`);
        const { requests } = await run(undefined, undisturbed);
        const expected = await contentsOf(undisturbed);
        removeTempDir(undisturbed.home);
        expect([expected.registry.length, expected.folder, expected.damage]).toEqual([charts.length, expected.registry, []]);

        const moments = Array.from({ length: count }, () => ({ place: 1 + random.below(requests), delayMs: random.below(20), signal }));
        const codes = await sideBySide(moments, 2, async (moment, index) => {
          const place = between(`${signal.toLowerCase()}-${index}`);
          const result = await run(moment, place);
          const title = `${signal} ${moment.delayMs} ms after request ${moment.place} of ${requests}, CHARTFERRY_SEED=${seed}`;
          expect.soft(result.codes[1], title).toBe(0);
          expect.soft(await contentsOf(place), title).toEqual(expected);
          removeTempDir(place.home);
          return result.codes[0];
        });
        // A moment near the end may come too late for its run.
        expect(codes.filter((code) => code !== 0).length).toBeGreaterThan(count / 2);
      },
    );
  });
}
