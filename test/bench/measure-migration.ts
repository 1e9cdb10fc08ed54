import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "vitest";

import { type CountingProxy, startCountingProxy } from "../servers/counting-proxy.ts";
import { startStaticServer, type StaticServer } from "../servers/start-static-server.ts";
import { makeTempDir, removeTempDir } from "../support/temp-dir.ts";
import { writeFloorPlan } from "./floor-plan.ts";
import { timeHelmLoop } from "./helm-loop.ts";
import { describeMachine } from "./machine.ts";
import { commandLine, cpuSecondsOf, floorProgram, type Measured, measureNode } from "./measure-process.ts";
import { type SyntheticRepository, syntheticRepository } from "./synthetic-repository.ts";

export const settings = {
  versions: Number(process.env["CHARTFERRY_BENCH_VERSIONS"] ?? 1000),
  seed: Number(process.env["CHARTFERRY_BENCH_SEED"] ?? 1),
  /** Pairs of a floor run and one of ours. */
  pairs: Number(process.env["CHARTFERRY_BENCH_PAIRS"] ?? 5),
  /** Versions of the helm loops; what they take is scaled up. */
  helmSample: Number(process.env["CHARTFERRY_BENCH_HELM_SAMPLE"] ?? 40),
  /** Versions (ours) and versions (the floor) in flight. */
  window: 16,
  /** Milliseconds before every answer, at the source and at the registry. */
  delay: 50,
  delayedVersions: 300,
};

export interface Registry {
  readonly name: string;
  readonly upload: "post" | "session";
  start(): Promise<{ readonly host: string; readonly processId: number; stop(): Promise<unknown> }>;
}

interface Bench {
  readonly registry: Registry;
  readonly repository: SyntheticRepository;
  readonly home: string;
  readonly source: StaticServer;
  readonly host: string;
  readonly processId: number;
  readonly plan: string;
}

/** One run of everything that is compared, against one registry. */
export async function measureMigration(registry: Registry): Promise<Findings> {
  const machine = describeMachine();
  const repository = syntheticRepository(settings);
  const home = makeTempDir("bench");
  const source = await startStaticServer(repository.folder);
  const server = await registry.start();
  try {
    const bench = { registry, repository, home, source, ...server, plan: join(home, "plan.jsonl") };
    const counted = await prepare(bench);
    const plain = await measurePairs(bench);
    const helm = [await helmSeconds(bench, 1), await helmSeconds(bench, 8)] as const;
    const delayed = await measureDelayed(bench);
    return { machine, repository, registry, counted, plain, helm, delayed };
  } finally {
    await server.stop();
    await source.stop();
    removeTempDir(home);
  }
}

export interface Counts {
  readonly requests: number;
  readonly perVersion: number;
  readonly byMethod: string;
}

/** The first run goes through a counting proxy: it warms the registry up, tells the requests, and leaves what the floor's plan is read from. */
async function prepare(bench: Bench): Promise<Counts> {
  const proxy = await startCountingProxy(bench.host);
  const { code, stderr } = await ours(bench, { registry: proxy.host, source: bench.source.url, namespace: "counted" });
  const requests = proxy.take();
  await proxy.stop();
  expect(code, stderr).toBe(0);
  const versions = bench.repository.files.map((file) => {
    const [, chart = "", tag = ""] = /^(.*?)-(\d+\.\d+\.\d+)\.tgz$/u.exec(file) ?? [];
    return { chart, tag, path: `/${file}` };
  });
  await writeFloorPlan(bench.plan, `http://${bench.host}/v2/counted`, versions);
  const methods = countBy(requests.map(({ method }) => method));
  return { requests: requests.length, perVersion: requests.length / bench.repository.versions, byMethod: methods };
}

function countBy(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${count} ${name}`).join(", ");
}

interface Place {
  readonly registry: string;
  readonly source: string;
  readonly namespace: string;
}

function ours({ home }: Bench, { registry, source, namespace }: Place, selection: readonly string[] = []): Promise<Measured> {
  const words = [
    "migrate",
    source,
    `oci://${registry}/${namespace}`,
    "--no-journal",
    "--plain-http",
    "--concurrency",
    String(settings.window),
  ];
  return measureNode([commandLine, ...words, ...selection], { home });
}

function floor({ home, plan, registry: { upload } }: Bench, { registry, source, namespace }: Place, planFile = plan): Promise<Measured> {
  return measureNode([floorProgram, planFile, source, `http://${registry}`, namespace, String(settings.window), upload], { home });
}

export interface Pair {
  readonly ours: Measured & { readonly serverCpu: number };
  readonly floor: Measured & { readonly serverCpu: number };
}

async function measurePairs(bench: Bench): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let round = 0; round < settings.pairs; round += 1) {
    const at = (who: string): Place => ({ registry: bench.host, source: bench.source.url, namespace: `${who}-${round}` });
    pairs.push({
      floor: await withServerCpu(bench, () => floor(bench, at("floor"))),
      ours: await withServerCpu(bench, () => ours(bench, at("ours"))),
    });
  }
  return pairs;
}

async function withServerCpu({ processId }: Bench, run: () => Promise<Measured>): Promise<Measured & { readonly serverCpu: number }> {
  const before = cpuSecondsOf(processId);
  const measured = await run();
  expect(measured.code, measured.stderr).toBe(0);
  return { ...measured, serverCpu: cpuSecondsOf(processId) - before };
}

async function helmSeconds({ repository, source, host }: Bench, atOnce: number): Promise<number> {
  const step = Math.max(1, Math.floor(repository.versions / settings.helmSample));
  const urls = repository.files.filter((_file, place) => place % step === 0).map((file) => `${source.url}/${file}`);
  const seconds = await timeHelmLoop({ urls, target: `oci://${host}/helm-${atOnce}`, atOnce });
  return (seconds / urls.length) * repository.versions;
}

export interface Delayed {
  readonly ours: Measured;
  readonly floor: Measured;
  /** At source and registry, of ours. */
  readonly requests: number;
}

/** Every answer comes late, at both ends: what counts then is how many requests are in flight. */
async function measureDelayed(bench: Bench): Promise<Delayed> {
  const late = { before: (): Promise<void> => new Promise((done) => setTimeout(done, settings.delay)) };
  const proxies = [await startCountingProxy(bench.host, late), await startCountingProxy(bench.source.host, late)] as const;
  const [registry, source] = proxies;
  const plan = join(bench.home, "delayed.jsonl");
  const lines = readFileSync(bench.plan, "utf8").trim().split("\n").slice(0, settings.delayedVersions);
  writeFileSync(plan, `${lines.join("\n")}\n`);
  const charts = [...new Set(lines.map((line): string => JSON.parse(line).chart))];
  const at = (namespace: string): Place => ({ registry: registry.host, source: source.url, namespace });
  try {
    const least = await floor(bench, at("late-floor"), plan);
    take(proxies);
    const own = await ours(
      bench,
      at("late-ours"),
      charts.flatMap((chart) => ["--chart", chart]),
    );
    expect([least.code, own.code], own.stderr).toEqual([0, 0]);
    return { ours: own, floor: least, requests: take(proxies) };
  } finally {
    for (const proxy of proxies) await proxy.stop();
  }
}

function take(proxies: readonly CountingProxy[]): number {
  return proxies.reduce((sum, proxy) => sum + proxy.take().length, 0);
}

export interface Findings {
  /** With its load before the run. */
  readonly machine: string;
  readonly repository: SyntheticRepository;
  readonly registry: Registry;
  readonly counted: Counts;
  readonly plain: readonly Pair[];
  readonly helm: readonly [number, number];
  readonly delayed: Delayed;
}
