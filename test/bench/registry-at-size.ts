/**
 * `npm run bench:registry -- [--standing 10000] [--charts 2000] [--clients 16] [--folder DIR] [--crowd-seconds 60] [--only TEXT]`:
 * charts pushed into one repository that already holds many versions, into several registries; then the embedded one under a crowd of
 * clients with few files to open. `--folder`: on the disk that is to be measured (default: the system's temporary folder).
 */
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { scrubLayout } from "@chartferry/core/layout";

import { runCrowd } from "../load/run-crowd.ts";
import type { UploadForm } from "../load/push-charts.ts";
import { startEmbedded } from "../scenario-b/start-embedded.ts";
import { findNeed, type Need } from "../support/find-tool.ts";
import { startDistribution } from "../support/start-distribution.ts";
import { startZot } from "../support/start-zot.ts";
import { removeTempDir } from "../support/temp-dir.ts";
import { describeMachine } from "./describe-machine.ts";
import { measureProcess } from "./measure-process.ts";
import { measurePushes, type PushFigures } from "./measure-pushes.ts";
import { tableText } from "./print-table.ts";

const { values } = parseArgs({
  options: {
    standing: { type: "string", default: "10000" },
    charts: { type: "string", default: "2000" },
    clients: { type: "string", default: "16" },
    folder: { type: "string", default: tmpdir() },
    "crowd-seconds": { type: "string", default: "60" },
    only: { type: "string", default: "" },
  },
});
const [standing, charts, clients] = [Number(values.standing), Number(values.charts), Number(values.clients)];
const folder = resolve(values.folder);

interface Candidate {
  readonly title: string;
  readonly needs?: Need;
  readonly form: UploadForm;
  readonly start: (directory: string) => Promise<{ readonly url: string; readonly processId: number; stop(): Promise<unknown> }>;
}

const reference = "CNCF Distribution";
const candidates: readonly Candidate[] = [
  { title: "embedded, with fsync", form: "single", start: (directory) => startEmbedded({ directory }) },
  { title: "embedded, --no-fsync", form: "single", start: (directory) => startEmbedded({ directory, options: ["--no-fsync"] }) },
  { title: reference, needs: "distribution", form: "session", start: (directory) => startDistribution({ directory }) },
  { title: "zot", needs: "zot", form: "single", start: (directory) => startZot({ directory }) },
];

/** A folder of its own, removed afterwards. */
async function inFolder<T>(run: (directory: string) => Promise<T>): Promise<T> {
  const directory = join(folder, `chartferry-bench-${process.pid}`);
  mkdirSync(directory);
  return run(directory).finally(() => removeTempDir(directory));
}

async function pushTable(): Promise<string> {
  const results = new Map<string, PushFigures>();
  for (const { title, needs, form, start } of candidates.filter((candidate) => candidate.title.includes(values.only))) {
    const found = needs === undefined ? undefined : findNeed(needs);
    if (found !== undefined && found.path === undefined) {
      console.error(`left out: ${title} (${found.reason})`);
      continue;
    }
    console.error(`${title} …`);
    const figures = await inFolder(async (directory) => {
      const server = await start(directory);
      try {
        return await measurePushes(server, { standing, charts, clients, form });
      } finally {
        await server.stop();
      }
    });
    results.set(title, figures);
  }
  const head = ["registry", "charts/s while filling", "charts/s", `to ${reference}`, "requests a chart", "CPU ms a chart", "peak RSS MB"];
  const base = results.get(reference)?.chartsPerSecond;
  return tableText(
    head,
    [...results].map(([title, figures]) => [title, ...cellsOf(figures, base)]),
  );
}

function cellsOf(figures: PushFigures, base: number | undefined): string[] {
  const { chartsPerSecondWhileFilling, chartsPerSecond, requestsPerChart, cpuMillisecondsPerChart, peakMegabytes } = figures;
  return [
    chartsPerSecondWhileFilling.toFixed(0),
    chartsPerSecond.toFixed(0),
    base === undefined ? "–" : `${(chartsPerSecond / base).toFixed(1)} ×`,
    requestsPerChart.toFixed(1),
    cpuMillisecondsPerChart.toFixed(1),
    peakMegabytes.toFixed(0),
  ];
}

const crowd = { clients: 100, openFiles: 256, repositories: 100 };

function crowdTable(seconds: number): Promise<string> {
  console.error(`a crowd for ${seconds} s …`);
  return inFolder(async (directory) => {
    const registry = await startEmbedded({ directory, openFiles: crowd.openFiles });
    const outcome = await runCrowd({ url: registry.url, milliseconds: seconds * 1000, ...crowd });
    const { peakMegabytes } = measureProcess(registry.processId);
    const code = await registry.stop();
    const { damage, tags } = await scrubLayout(directory);
    const problems = Object.entries(outcome.problems).map(([name, count]) => `${name} ${count} ×`);
    return tableText(
      ["what", "figure"],
      [
        ["charts acknowledged", String(outcome.acknowledged.length)],
        ["tags on disk", String(tags)],
        ["charts pulled", String(outcome.pulled)],
        ["refused or cut", problems.join(", ") || "nothing"],
        ["wrong bytes served", String(outcome.wrong.length)],
        ["damage found by the scrub", String(damage.length)],
        ["exit code of the registry", String(code)],
        ["peak RSS MB", peakMegabytes.toFixed(0)],
      ],
    );
  });
}

const pushes = await pushTable();
const crowdSeconds = Number(values["crowd-seconds"]);
const crowded = crowdSeconds > 0 ? await crowdTable(crowdSeconds) : undefined;
console.log(`\n${charts} charts (median 26 KB, 90 % below 176 KB) by ${clients} clients into a repository of ${standing} versions\n`);
console.log(pushes);
if (crowded !== undefined) {
  console.log(`\n${crowd.clients} clients for ${crowdSeconds} s, with fsync, at most ${crowd.openFiles} open files\n`);
  console.log(crowded);
}
console.log(`\n${describeMachine(folder)}`);
