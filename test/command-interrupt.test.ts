import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeChart } from "./scenario-b/make-chart.ts";
import { makeGate } from "./scenario-b/make-gate.ts";
import { tagsOf } from "./scenario-b/push-image.ts";
import { readReport, statusLines } from "./scenario-b/read-report.ts";
import { reportOf, runMigrate } from "./scenario-b/run-migrate.ts";
import { type RunningEmbedded, startEmbedded } from "./scenario-b/start-embedded.ts";
import { writeRepository } from "./scenario-b/write-repository.ts";
import { startChartferry } from "./support/chartferry.ts";
import { type Route, startStaticServer, type StaticServer } from "./support/start-static-server.ts";
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
  it.each(["SIGINT", "SIGTERM"] as const)("(%s) ends with 130 and a report; the same command carries on", async (signal) => {
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
