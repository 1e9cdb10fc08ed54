import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { scrubLayout } from "@chartferry/core/layout";
import { expect, it } from "vitest";

import type { UploadForm } from "../load/push-charts.ts";
import { runCrowd } from "../load/run-crowd.ts";
import { startEmbedded } from "../servers/start-embedded.ts";
import { requireTool } from "../support/real-tools.ts";
import { startDistribution } from "../servers/start-distribution.ts";
import { startZot } from "../servers/start-zot.ts";
import { describeMachine } from "./machine.ts";
import { markdownTable } from "./markdown-table.ts";
import { peakMegabytesOf } from "./measure-process.ts";
import { measurePushes, type PushFigures } from "./measure-pushes.ts";

const settings = {
  /** Versions in the repository before anything is measured, in each registry. */
  standing: Number(process.env["CHARTFERRY_BENCH_STANDING"] ?? 10_000),
  charts: Number(process.env["CHARTFERRY_BENCH_CHARTS"] ?? 2000),
  clients: 16,
  /** On the disk that is to be measured; never in memory, where fsync costs nothing. */
  folder: process.env["CHARTFERRY_BENCH_FOLDER"] ?? tmpdir(),
  crowdSeconds: Number(process.env["CHARTFERRY_BENCH_CROWD_SECONDS"] ?? 60),
};

interface Candidate {
  readonly name: string;
  readonly needs?: "zot" | "distribution";
  readonly form: UploadForm;
  readonly start: (directory: string) => Promise<{ readonly url: string; readonly processId: number; stop(): Promise<unknown> }>;
}

const reference = "CNCF Distribution";
const candidates: readonly Candidate[] = [
  { name: "embedded, with fsync", form: "single", start: (directory) => startEmbedded({ directory }) },
  { name: reference, needs: "distribution", form: "session", start: (directory) => startDistribution({ directory }) },
  { name: "embedded, --no-fsync", form: "single", start: (directory) => startEmbedded({ directory, options: ["--no-fsync"] }) },
  { name: "zot", needs: "zot", form: "single", start: (directory) => startZot({ directory }) },
];

/** A folder of its own, removed afterwards. */
async function inFolder<T>(run: (directory: string) => Promise<T>): Promise<T> {
  mkdirSync(settings.folder, { recursive: true });
  const directory = mkdtempSync(join(settings.folder, "chartferry-bench-"));
  return run(directory).finally(() => rmSync(directory, { recursive: true, force: true }));
}

const { standing, charts, clients, crowdSeconds } = settings;
const results = new Map<string, PushFigures>();

for (const { name, needs, form, start } of candidates) {
  it(`measures pushes into a large repository of ${name}`, { timeout: 3_600_000 }, async (context) => {
    if (needs !== undefined && problemWith(needs) !== undefined) context.skip(problemWith(needs));
    const figures = await inFolder(async (directory) => {
      const server = await start(directory);
      try {
        return await measurePushes(server, { standing, charts, clients, form });
      } finally {
        await server.stop();
      }
    });
    results.set(name, figures);
  });
}

it("compares them", () => {
  const base = results.get(reference)?.chartsPerSecond;
  const head = [
    "registry",
    "charts/s while filling",
    "charts/s",
    `times ${reference}'s`,
    "requests a chart",
    "CPU ms a chart",
    "peak RSS MB",
  ];
  const rows = [...results].map(([name, figures]) => [
    name,
    figures.chartsPerSecondWhileFilling,
    figures.chartsPerSecond,
    base === undefined ? undefined : figures.chartsPerSecond / base,
    figures.requestsPerChart,
    figures.cpuMillisecondsPerChart,
    figures.peakMegabytes,
  ]);
  const what = `${charts} charts (median 26 KB, 90 % below 176 KB) by ${clients} clients into one repository of ${standing} versions`;
  console.log(`\n${what}; ${describeMachine()}\n\n${markdownTable(head, rows)}\n`);
});

const crowd = { clients: 100, openFiles: 256, repositories: 100 };

it("harms nothing with many clients and few files", { timeout: 3_600_000 }, async () => {
  const text = await inFolder(async (directory) => {
    const registry = await startEmbedded({ directory, openFiles: crowd.openFiles });
    const outcome = await runCrowd({ url: registry.url, milliseconds: crowdSeconds * 1000, ...crowd });
    const peakMegabytes = peakMegabytesOf(registry.processId);
    expect(await registry.stop()).toBe(0);
    const scrubbed = await scrubLayout(directory);
    expect([outcome.wrong, scrubbed.damage]).toEqual([[], []]);
    expect(scrubbed.tags).toBeGreaterThanOrEqual(outcome.acknowledged.length);
    const refused = Object.entries(outcome.problems).map(([name, count]) => `${count} × ${name}`);
    const head = ["charts acknowledged", "tags on disk", "charts pulled", "refused or cut", "blobs read again", "damage", "peak RSS MB"];
    const row = [
      outcome.acknowledged.length,
      scrubbed.tags,
      outcome.pulled,
      refused.join(", ") || "none",
      scrubbed.blobs,
      0,
      peakMegabytes,
    ];
    return markdownTable(head, [row]);
  });
  const what = `${crowd.clients} clients for ${crowdSeconds} s, with fsync, at most ${crowd.openFiles} open files`;
  console.log(`\n${what}; ${describeMachine()}\n\n${text}\n`);
});

function problemWith(tool: "zot" | "distribution"): string | undefined {
  try {
    requireTool(tool);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
