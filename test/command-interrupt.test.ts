import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeChart } from "./charts/make-chart.ts";
import { makeGate } from "./runs/make-gate.ts";
import { tagsOf } from "./runs/push-image.ts";
import { readReport, statusLines } from "./runs/read-report.ts";
import { reportOf, runMigrate } from "./runs/run-migrate.ts";
import { type RunningEmbedded, startEmbedded } from "./servers/start-embedded.ts";
import { listenOnLoopback } from "./servers/listen-on-loopback.ts";
import { startProxy } from "./servers/start-proxy.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { spawnChartferry, startChartferry } from "./support/chartferry.ts";
import { type Route, startStaticServer, type StaticServer } from "./servers/start-static-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("interrupt");
const charts = Array.from({ length: 24 }, (_, place) => makeChart("web", `1.${place}.0`));
let registry: RunningEmbedded;
beforeAll(async () => {
  writeRepository(join(scratch, "repository"), charts);
  registry = await startEmbedded();
});
afterAll(async () => {
  await registry.stop();
  removeTempDir(scratch);
});

/** A source that answers the first eight charts at once and holds the others back until `release`. */
async function startSlowSource(): Promise<StaticServer & { release: () => void; held: Promise<unknown> }> {
  const [release, reached] = [makeGate(), makeGate()];
  const hold =
    (archive: Buffer): Route =>
    (_, response) => {
      reached.open();
      void release.opened.then(() => response.end(archive));
    };
  const routes = Object.fromEntries(charts.slice(8).map(({ file, archive }) => [`/${file}`, hold(archive)]));
  return { ...(await startStaticServer(join(scratch, "repository"), { routes })), release: release.open, held: reached.opened };
}

describe("SIGINT during migrate", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("(%s) ends with 130 and a report; the same command carries on", async (signal) => {
    const home = join(scratch, signal);
    mkdirSync(home);
    const source = await startSlowSource();
    const target = `oci://${registry.host}/${signal.toLowerCase()}`;
    const file = join(home, "interrupted.json");
    const running = await startChartferry(["migrate", source.url, target, "--provenance", "skip", "--concurrency", "4", "--report", file], {
      home,
      readyPattern: /./u,
    });
    await source.held;
    while ((await tagsOf(registry.url, `${signal.toLowerCase()}/web`)).length < 8) await new Promise((settle) => setTimeout(settle, 20));
    const ended = running.stop(signal);
    await new Promise((settle) => setTimeout(settle, 200));
    source.release();
    expect(await ended).toBe(130);
    expect(running.output()).toMatch(/interrupted/u);
    expect(running.output()).toMatch(/same command/u);
    const { run, versions } = readReport(file);
    expect(run.end).toBe("interrupted");
    const done = versions.filter(({ status }) => status === "pushed");
    expect(done.length).toBeGreaterThanOrEqual(8);
    expect(done.length).toBeLessThan(charts.length);
    expect(versions.every(({ status }) => status === "pushed" || status === "not-attempted")).toBe(true);
    expect(await tagsOf(registry.url, `${signal.toLowerCase()}/web`)).toEqual(done.map(({ version }) => version).toSorted());

    const downloads = source.requests.filter(({ path }) => path.endsWith(".tgz")).length;
    const again = await runMigrate([source.url, target, "--provenance", "skip"], { home });
    await source.stop();
    expect({ code: again.code, stderr: again.stderr }).toMatchObject({ code: 0 });
    expect(statusLines(reportOf(again)).filter((line) => line.includes("skipped"))).toHaveLength(done.length);
    expect(await tagsOf(registry.url, `${signal.toLowerCase()}/web`)).toHaveLength(charts.length);
    const repeated = source.requests.filter(({ path }) => path.endsWith(".tgz")).length - downloads;
    expect(repeated).toBe(charts.length - done.length);
  });

  it("a second SIGINT ends at once, still with 130 and a report", async () => {
    const home = join(scratch, "twice");
    mkdirSync(home);
    const source = await startSlowSource();
    const file = join(home, "report.json");
    const running = await startChartferry(["migrate", source.url, `oci://${registry.host}/twice`, "--report", file], {
      home,
      readyPattern: /./u,
    });
    await source.held;
    const [first, second] = [running.stop("SIGINT"), new Promise((settle) => setTimeout(settle, 200)).then(() => running.stop("SIGINT"))];
    expect(await Promise.all([first, second])).toEqual([130, 130]);
    expect(existsSync(file) && readReport(file).run.end).toBe("interrupted");
    source.release();
    await source.stop();
  });

  it("ends within moments, without a failure, while a registry lets everybody wait; the pause was said once", async () => {
    const home = join(scratch, "patience");
    mkdirSync(home);
    const busy = await startProxy(registry.url, {
      intercept: (request, response) => {
        if (request.method !== "POST" || !request.url?.includes("/patience/")) return false;
        response.writeHead(429, { "retry-after": "60" }).end();
        return true;
      },
    });
    const file = join(home, "report.json");
    const running = await startChartferry(["migrate", join(scratch, "repository"), `oci://${busy.host}/patience`, "--report", file], {
      home,
      readyPattern: /waiting \d+ s/u,
    });
    // The others meet the pause as well.
    await new Promise((settle) => setTimeout(settle, 500));
    const pressed = Date.now();
    expect(await running.stop("SIGINT")).toBe(130);
    const took = Date.now() - pressed;
    await busy.stop();
    expect(took).toBeLessThan(5000);
    const lines = running.output().split("\n");
    expect(lines.filter((line) => line.includes("answers 429"))).toEqual([
      expect.stringMatching(/127\.0\.0\.1:\d+ answers 429.*; waiting 6\d s; \d+ versions in flight$/u),
    ]);
    expect(lines.filter((line) => line.startsWith("interrupted: finishing"))).toEqual([
      "interrupted: finishing what is in flight, at most 30 s; press Ctrl-C again to end at once",
    ]);
    const { run, versions } = readReport(file);
    expect({ end: run.end, statuses: new Set(versions.map(({ status }) => status)) }).toEqual({
      end: "interrupted",
      statuses: new Set(["not-attempted"]),
    });
    expect(await tagsOf(registry.url, "patience/web")).toEqual([]);
  });

  it("a source that hangs is said to be read, and an interruption waits no more for it", async () => {
    const home = join(scratch, "hanging");
    mkdirSync(home);
    const hold = makeGate();
    const source = await startStaticServer(join(scratch, "repository"), {
      routes: { "/index.yaml": (_, response) => void hold.opened.then(() => response.end()) },
    });
    const file = join(home, "report.json");
    const running = await startChartferry(
      ["migrate", source.url, `oci://${registry.host}/hanging`, "--log-format", "json", "--report", file],
      {
        home,
        readyPattern: /"type":"progress"/u,
      },
    );
    const pressed = Date.now();
    expect(await running.stop("SIGINT")).toBe(130);
    expect(Date.now() - pressed).toBeLessThan(5000);
    hold.open();
    await source.stop();
    expect(running.output()).toMatch(/^\{"time":"[^"]+","level":"warn","type":"interrupted","graceMs":30000\}$/mu);
    expect(readReport(file)).toMatchObject({ run: { end: "interrupted" }, versions: [] });
  });

  it("a kill in the middle leaves nothing half there, and the next run brings what an undisturbed one brings", async () => {
    const home = join(scratch, "killed");
    mkdirSync(home);
    const source = await startSlowSource();
    const running = await startChartferry(["migrate", source.url, `oci://${registry.host}/killed`], { home, readyPattern: /./u });
    await source.held;
    await running.stop("SIGKILL");
    source.release();
    const again = await runMigrate([source.url, `oci://${registry.host}/killed`], { home });
    const undisturbed = await runMigrate([source.url, `oci://${registry.host}/undisturbed`], { home: join(scratch, "undisturbed") });
    await source.stop();
    expect([again.code, undisturbed.code]).toEqual([0, 0]);
    const digests = (run: typeof again): unknown[] =>
      reportOf(run).versions.map(({ version, manifestDigest }) => `${version} ${manifestDigest}`);
    expect(digests(again)).toEqual(digests(undisturbed));
  });
});

/** Takes requests and never answers. */
async function startSilent(): Promise<{ host: string; reached: Promise<unknown>; stop: () => Promise<void> }> {
  const reached = makeGate();
  const { host, stop } = await listenOnLoopback(createServer(() => reached.open()));
  return { host, reached: reached.opened, stop };
}

describe("SIGINT before there is anything in flight", () => {
  const chart = join(scratch, "repository", "web-1.0.0.tgz");
  const folder = join(scratch, "repository");
  it.each([
    ["migrate", (host: string) => [folder, `oci://${host}/a`], "report"],
    ["migrate", (host: string) => [folder, `oci://${host}/a`, `oci://${host}/b`], "report"],
    ["migrate", (host: string) => [folder, `oci-layout:${scratch}/dated`, "--created-from", `oci://${host}/a`], "report"],
    ["plan", (host: string) => [folder, `oci://${host}/a`], "report"],
    ["verify", (host: string) => [folder, `oci://${host}/a`], "report"],
    ["push", (host: string) => [chart, `oci://${host}/a`], "stdout"],
    ["publish", (host: string) => [chart, "--to", `oci://${host}/a`], "stdout"],
  ] as const)("(%s, connecting to a registry that never answers) ends with 130, and tells of a run that did nothing", async (...given) => {
    const [command, places, form] = given;
    const home = makeTempDir("connecting");
    const silent = await startSilent();
    const file = join(home, "report.json");
    const wanted = form === "report" ? ["--report", file] : [];
    const running = spawnChartferry([command, ...places(silent.host), "--output", "json", ...wanted], { home });
    await silent.reached;
    running.kill("SIGINT");
    const { code, output } = await running.ended;
    await silent.stop();
    expect(code).toBe(130);
    const printed: unknown = JSON.parse(output.slice(output.indexOf("{\n"), output.lastIndexOf("}") + 1));
    const empty = { run: { command, end: "interrupted" }, versions: [] };
    expect(printed).toMatchObject(empty);
    if (form === "report") expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject(empty);
    removeTempDir(home);
  });

  it("(verify, while the registry lets it wait for the list of its repositories) keeps what was compared until then", async () => {
    const home = makeTempDir("extras");
    expect(await runMigrate([folder, `oci://${registry.host}/extras`], { home })).toMatchObject({ code: 0 });
    const reached = makeGate();
    const hanging = await startProxy(registry.url, {
      intercept: (request) => {
        if (request.url?.includes("/_catalog") !== true) return false;
        reached.open();
        return true;
      },
    });
    const file = join(home, "report.json");
    const running = spawnChartferry(["verify", folder, `oci://${hanging.host}/extras`, "--report", file], { home });
    await reached.opened;
    const pressed = Date.now();
    running.kill("SIGINT");
    const { code, output } = await running.ended;
    expect(Date.now() - pressed).toBeLessThan(10_000);
    await hanging.stop();
    expect({ code, output }).toMatchObject({ code: 130, output: expect.stringContaining("24 as the source has them") });
    const { run, versions } = readReport(file);
    expect([run.end, versions.length]).toEqual(["interrupted", charts.length]);
    removeTempDir(home);
  });
});
