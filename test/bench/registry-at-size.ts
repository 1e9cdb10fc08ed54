/** `npm run bench:registry`: charts pushed into one repository that already holds many versions, by several clients, into several registries. */
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { findNeed, type Need } from "../support/find-tool.ts";
import { startDistribution } from "../support/start-distribution.ts";
import { startZot } from "../support/start-zot.ts";
import { makeTempDir, removeTempDir } from "../support/temp-dir.ts";
import { startEmbedded } from "../scenario-b/start-embedded.ts";
import { inParallel, pushChart, type UploadForm } from "../load/push-charts.ts";
import { createSender, type SendRequest } from "../load/send-request.ts";
import { realisticSize, syntheticChart } from "../load/synthetic-charts.ts";
import { describeMachine } from "./describe-machine.ts";
import { measureProcess } from "./measure-process.ts";
import { tableText } from "./print-table.ts";

const { values } = parseArgs({
  options: {
    standing: { type: "string", default: "10000" },
    charts: { type: "string", default: "2000" },
    clients: { type: "string", default: "16" },
    folder: { type: "string", default: tmpdir() },
    only: { type: "string" },
  },
});
const standing = Number(values.standing);
const charts = Number(values.charts);
const clients = Number(values.clients);
const folder = resolve(values.folder);

interface Started {
  readonly url: string;
  readonly processId: number;
  stop(): Promise<unknown>;
}

interface Candidate {
  readonly title: string;
  readonly needs?: Need;
  readonly form: UploadForm;
  readonly start: (directory: string) => Promise<Started>;
}

const ours = "embedded registry, with fsync";
const theirs = "CNCF Distribution";
const candidates: readonly Candidate[] = [
  { title: ours, form: "single", start: (directory) => startEmbedded({ directory }) },
  { title: "embedded registry, --no-fsync", form: "single", start: (directory) => startEmbedded({ directory, options: ["--no-fsync"] }) },
  { title: theirs, needs: "distribution", form: "session", start: (directory) => startDistribution({ directory }) },
  { title: "zot", needs: "zot", form: "single", start: (directory) => startZot({ directory }) },
];

interface Figures {
  readonly fillPerSecond: number;
  readonly chartsPerSecond: number;
  readonly requestsPerChart: number;
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
}

async function measure({ start, form }: Candidate, directory: string): Promise<Figures> {
  const server = await start(directory);
  const { send, close } = createSender(server.url, clients);
  let requests = 0;
  const counted: SendRequest = (path, request) => {
    requests += 1;
    return send(path, request);
  };
  const push = (number: number, size: number): Promise<void> =>
    pushChart(counted, "bench/web", { chart: syntheticChart(`1.${number}.0`, size), form });
  try {
    const fillSeconds = await seconds(() => inParallel(standing, clients, (number) => push(number, 100)));
    const before = measureProcess(server.processId);
    requests = 0;
    const pushSeconds = await seconds(() => inParallel(charts, clients, (number) => push(standing + number, realisticSize(number))));
    const after = measureProcess(server.processId);
    return {
      fillPerSecond: standing / fillSeconds,
      chartsPerSecond: charts / pushSeconds,
      requestsPerChart: requests / charts,
      cpuSeconds: after.cpuSeconds - before.cpuSeconds,
      peakMegabytes: after.peakMegabytes,
    };
  } finally {
    close();
    await server.stop();
  }
}

async function seconds(run: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}

function rowOf(title: string, figures: Figures, reference: Figures | undefined): string[] {
  const ratio = reference === undefined ? "–" : `${(figures.chartsPerSecond / reference.chartsPerSecond).toFixed(2)} ×`;
  const { fillPerSecond, chartsPerSecond, requestsPerChart, cpuSeconds, peakMegabytes } = figures;
  const perChart = (1000 * cpuSeconds) / charts;
  return [
    title,
    fillPerSecond.toFixed(0),
    chartsPerSecond.toFixed(0),
    ratio,
    requestsPerChart.toFixed(1),
    perChart.toFixed(1),
    peakMegabytes.toFixed(0),
  ];
}

const scratch = makeTempDir("bench");
const results = new Map<string, Figures>();
for (const candidate of candidates.filter(({ title }) => values.only === undefined || title.includes(values.only))) {
  const found = candidate.needs === undefined ? undefined : findNeed(candidate.needs);
  if (found !== undefined && found.path === undefined) {
    console.error(`left out: ${candidate.title} (${found.reason})`);
    continue;
  }
  const directory = join(folder, `chartferry-bench-${process.pid}-${results.size}`);
  mkdirSync(directory);
  console.error(`${candidate.title} …`);
  results.set(candidate.title, await measure(candidate, directory).finally(() => removeTempDir(directory)));
}
removeTempDir(scratch);

const head = ["registry", "charts/s while filling", "charts/s", `to ${theirs}`, "requests a chart", "CPU ms a chart", "peak RSS MB"];
console.log(`\n${charts} charts (median 26 KB, 90 % below 176 KB) by ${clients} clients into a repository of ${standing} versions\n`);
console.log(
  tableText(
    head,
    [...results].map(([title, figures]) => rowOf(title, figures, results.get(theirs))),
  ),
);
console.log(`\n${describeMachine(folder)}`);
