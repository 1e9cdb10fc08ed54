import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type RunningRegistry, startRegistry } from "@chartferry/registry";

import { makeChart } from "./charts/make-chart.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { runMigrate, reportOf } from "./runs/run-migrate.ts";
import { atProcessEnd } from "./support/at-process-end.ts";
import { readReport } from "./runs/read-report.ts";
import { runChartferry, spawnChartferry } from "./support/chartferry.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("silent-target");
const repository = join(scratch, "repository");
const charts = ["web", "db", "cache"].flatMap((name) => ["1.0.0", "1.1.0"].map((version) => makeChart(name, version)));
const registries: RunningRegistry[] = [];
/** `METHOD kind` of each request that a healthy registry has answered well. */
const served: string[][] = [[], []];
let onServed = (): void => {};
let healthy: string[];

beforeAll(async () => {
  writeRepository(repository, charts);
  for (const lines of served) {
    const registry = await startRegistry({
      directory: join(scratch, `registry-${registries.length}`),
      port: 0,
      durability: "none",
      hooks: {
        observe({ method, path, status }) {
          if (status < 300) lines.push(`${method} ${/\/(manifests|tags)\//.exec(path)?.[1] ?? "other"}`);
          onServed();
        },
      },
    });
    registries.push(registry);
  }
  healthy = registries.map(({ url }) => `oci://${new URL(url).host}/charts`);
});
afterAll(async () => {
  await Promise.all(registries.map((registry) => registry.close()));
  removeTempDir(scratch);
});

interface Silent {
  readonly target: string;
  /** Requests that their sender gave up. */
  readonly givenUp: () => number;
  readonly stop: () => void;
}

/** Accepts connections, reads, and never says a word. */
async function startSilent(): Promise<Silent> {
  const sockets = new Set<{ destroy(): void }>();
  let givenUp = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    // What is no text is the question whether this is TLS.
    let isRequest = false;
    socket.on("data", (bytes) => (isRequest ||= bytes.toString("latin1").startsWith("GET ")));
    socket.on("error", () => {});
    socket.once("end", () => (givenUp += isRequest ? 1 : 0));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const stop = (): void => {
    callOff();
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  const callOff = atProcessEnd(stop);
  return { target: `oci://127.0.0.1:${port}/charts`, givenUp: () => givenUp, stop };
}

/** What the healthy registries must have served so often before the silent one goes away, so that the command can come to its end. */
interface Wanted {
  readonly request: string;
  readonly count: number;
}

function whenServed({ request, count }: Wanted, then: () => void): void {
  let isDone = false;
  for (const lines of served) lines.splice(0);
  onServed = () => {
    if (isDone || served.some((lines) => lines.filter((line) => line === request).length < count)) return;
    isDone = true;
    then();
  };
}

async function besideSilent<Result>(wanted: Wanted, run: (targets: readonly string[]) => Promise<Result>) {
  const silent = await startSilent();
  let givenUpByThen: number | undefined;
  whenServed(wanted, () => {
    givenUpByThen = silent.givenUp();
    silent.stop();
  });
  const result = await run([silent.target, ...healthy]);
  return { result, silent: silent.target, givenUpByThen };
}

describe("a target that is silent from the start beside two healthy ones: those are complete before it is given up, in", () => {
  it("migrate, which tells of each of its versions that it was not tried, and why", async () => {
    const { result, silent, givenUpByThen } = await besideSilent({ request: "PUT manifests", count: charts.length }, (targets) =>
      runMigrate([repository, ...targets], { home: join(scratch, "migrate"), limitMs: 300_000 }),
    );
    expect([givenUpByThen, result.code]).toEqual([0, 1]);
    const { totals, versions, run } = reportOf(result);
    for (const target of healthy) expect(totals.targets[target]).toMatchObject({ pushed: charts.length, failed: 0 });
    expect(totals.targets[silent]).toMatchObject({ pushed: 0, failed: 0, "not-attempted": charts.length });
    const there = versions.filter(({ target }) => target === silent);
    for (const { reason, message } of there) expect([reason, message]).toEqual([expect.stringMatching(/^connection-/), expect.any(String)]);
    expect(run.targets.map(({ adapter }) => adapter)).toEqual(["none", "generic", "generic"]);
    expect(result.stderr).toContain(`${silent} is given up: `);
  }, 330_000);

  it("plan, which has its findings on the others", async () => {
    const { result, silent, givenUpByThen } = await besideSilent({ request: "GET tags", count: 3 }, (targets) =>
      runChartferry(["plan", repository, ...targets, "--output", "json", "--no-journal"], { home: scratch, limitMs: 300_000 }),
    );
    expect([givenUpByThen, result.code]).toEqual([0, 1]);
    const { totals } = JSON.parse(result.stdout);
    expect(healthy.map((target) => totals.targets[target])).toMatchObject([{ skip: charts.length }, { skip: charts.length }]);
    expect(totals.targets[silent]).toMatchObject({ unknown: charts.length });
  }, 330_000);

  it("verify, which has its findings on the others and asks it for nothing more", async () => {
    const { result, silent, givenUpByThen } = await besideSilent({ request: "GET manifests", count: charts.length }, (targets) =>
      runChartferry(["verify", repository, ...targets, "--output", "json"], { home: scratch, limitMs: 300_000 }),
    );
    expect([givenUpByThen, result.code]).toEqual([0, 1]);
    const { totals, run } = JSON.parse(result.stdout);
    expect(healthy.map((target) => totals.targets[target])).toMatchObject([{ same: charts.length }, { same: charts.length }]);
    expect(totals.targets[silent]).toMatchObject({ unchecked: charts.length });
    expect(run.notes).toEqual([{ code: "extra-repositories-unknown", text: expect.stringContaining(`${silent} was not asked`) }]);
  }, 330_000);

  it("a migration that is interrupted, which waits for it no longer", async () => {
    const silent = await startSilent();
    const file = join(scratch, "interrupted.json");
    const targets = [silent.target, ...healthy.map((target) => `${target}-again`)];
    const run = spawnChartferry(["migrate", repository, ...targets, "--report", file, "--no-journal"], { home: scratch });
    whenServed({ request: "PUT manifests", count: charts.length }, () => run.kill("SIGINT"));
    const { code, output } = await run.ended;
    silent.stop();
    expect([code, output]).toEqual([130, expect.not.stringContaining("is given up")]);
    const there = readReport(file).versions.filter(({ target }) => target === silent.target);
    expect(there.map(({ status, reason }) => `${status} ${reason}`)).toEqual(charts.map(() => "not-attempted interrupted"));
  }, 330_000);
});
