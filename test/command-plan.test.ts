import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type CountingProxy, startCountingProxy } from "./servers/counting-proxy.ts";
import { makeChart } from "./charts/make-chart.ts";
import { pushImage, tagsOf } from "./runs/push-image.ts";
import { reportOf, runMigrate } from "./runs/run-migrate.ts";
import { decisions, runPlan, warningsOf } from "./runs/run-plan.ts";
import { type RunningEmbedded, startEmbedded } from "./servers/start-embedded.ts";
import { indexText, writeRepository } from "./charts/write-repository.ts";
import { runChartferry } from "./support/chartferry.ts";
import { findFreePort } from "./servers/start-server.ts";
import { startStaticServer, type StaticServer } from "./servers/start-static-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("plan");
const repository = join(scratch, "repository");
const other = join(scratch, "other");
const web = ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "2.0.0"].map((version) => makeChart("web", version));
const [first, second] = web;
let registry: RunningEmbedded;
let proxy: CountingProxy;
let source: StaticServer;
let homes = 0;
const freshHome = (): string => makeTempDir(`plan-home-${(homes += 1)}`);

beforeAll(async () => {
  const replaced = makeChart("web", "1.2.0", { lines: ["description: other bytes"] });
  writeRepository(repository, [
    ...web,
    makeChart("Upper", "1.0.0"),
    makeChart("db", "v1.0.0", {
      lines: ["dependencies:", "- name: web", "  version: 1.x.x", "  repository: https://former.example.com/charts"],
    }),
  ]);
  writeRepository(other, [second!, replaced]);
  registry = await startEmbedded();
  [proxy, source] = await Promise.all([startCountingProxy(registry.host), startStaticServer(repository)]);
});
afterAll(async () => {
  await Promise.all([proxy.stop(), source.stop()]);
  await registry.stop();
  removeTempDir(scratch);
});

describe("plan", () => {
  it("says what a migration then does, in every state that a tag may be in, and asks only to look", async () => {
    const home = freshHome();
    const target = `oci://${proxy.host}/mixed`;
    const mapped = ["--url-rewrite", `https://former.example.com/charts=${source.url}`];
    // One as this machine recorded it, one by others, other bytes, an image; the rest is free.
    await runMigrate([repository, target, "--chart", "web", "--version", "1.0.0", ...mapped], { home });
    await runMigrate([other, target], { home: freshHome() });
    await pushImage(registry.url, "mixed/web", "1.3.0");
    proxy.take();
    source.requests.splice(0);
    const before = await tagsOf(registry.url, "mixed/web");
    const { code, plan: made } = await runPlan([source.url, target, ...mapped], home);
    expect(code).toBe(0);
    expect(proxy.take().filter(({ method }) => method !== "GET" && method !== "HEAD")).toEqual([]);
    expect(source.requests.map(({ path }) => path)).toEqual(["/index.yaml"]);
    expect(await tagsOf(registry.url, "mixed/web")).toEqual(before);
    const report = reportOf(await runMigrate([source.url, target, ...mapped], { home }));
    const words: Readonly<Record<string, string>> = { pushed: "push", skipped: "skip", failed: "fail", refused: "refuse" };
    const done = report.versions.map(
      ({ chart, version, status, reason }) => `${chart} ${version}: ${words[status]} ${reason === "copied" ? "absent" : reason}`,
    );
    expect(decisions(made)).toEqual(done);
    expect(done).toEqual([
      // Another source's name, so another journal: the archive itself is compared.
      "web 1.0.0: skip same-chart",
      "web 1.1.0: skip same-chart",
      "web 1.2.0: fail conflict",
      "web 1.3.0: fail not-a-chart",
      "web 2.0.0: push absent",
      "Upper 1.0.0: refuse name-invalid",
      "db v1.0.0: push absent",
    ]);
    expect(warningsOf(made, "db")).toEqual(["leading-v", "dependency-at-former-home"]);
    expect(made.totals.warnings).toEqual({ "leading-v": 1, "dependency-at-former-home": 1 });
  });

  it("costs one listing a chart and one HEAD a version where a journal knows them", async () => {
    const home = freshHome();
    const target = `oci://${proxy.host}/known`;
    await runMigrate([repository, target, "--chart", "web"], { home });
    proxy.take();
    const { plan: made } = await runPlan([repository, target, "--chart", "web"], home);
    expect(decisions(made)).toEqual(web.map(({ version }) => `web ${version}: skip unchanged`));
    const counts = proxy
      .take()
      .map(({ method, path }) => `${method} ${path.includes("/tags/") ? "tags" : path.includes("/manifests/") ? "manifest" : "ping"}`);
    expect(counts.toSorted()).toEqual(["GET ping", "GET tags", ...web.map(() => "HEAD manifest")]);
  });

  it("makes neither the folder of a layout nor a journal", async () => {
    const home = freshHome();
    const folder = join(scratch, "no-such-folder");
    const { code, plan: made } = await runPlan([repository, `oci-layout:${folder}`, "--chart", "web"], home);
    expect([code, made.totals.targets]).toEqual([
      0,
      { [`oci-layout:${folder}`]: { push: 5, skip: 0, compare: 0, fail: 0, refuse: 0, unknown: 0, bytes: 0 } },
    ]);
    expect([existsSync(folder), existsSync(join(home, "state"))]).toEqual([false, false]);
  });

  it("ends with 3 under --check while there is something to do, and with 0 when there is not", async () => {
    const home = freshHome();
    const target = `oci://${registry.host}/check`;
    const words = ["plan", repository, target, "--chart", "web", "--check"];
    expect((await runChartferry(words, { home })).code).toBe(3);
    await runMigrate([repository, target, "--chart", "web"], { home });
    expect((await runChartferry(words, { home })).code).toBe(0);
    expect((await runChartferry(["plan", repository, target, "--check"], { home })).code).toBe(3);
  });

  it("ends with 1 where one of several targets cannot be asked, and with 2 where the only one cannot", async () => {
    const dead = `oci://127.0.0.1:${await findFreePort()}/charts`;
    const both = await runPlan([repository, `oci://${registry.host}/alive`, dead], freshHome());
    expect([both.code, both.plan.totals.targets[dead]]).toMatchObject([1, { unknown: 6 }]);
    expect(await runChartferry(["plan", repository, dead], { home: freshHome() })).toMatchObject({ code: 2, stdout: "" });
  });

  it("is what migrate --dry-run prints", async () => {
    const home = freshHome();
    const ends = [repository, `oci://${registry.host}/dry`];
    const asked = await runChartferry(["plan", ...ends], { home });
    const dry = await runChartferry(["migrate", ...ends, "--dry-run"], { home });
    expect(dry).toEqual(asked);
    expect(asked.stdout).toContain("6 to push, 0 already there, 0 would fail, 1 refused");
    expect(asked.stdout).toContain("refused: name-invalid (1)");
    expect(asked.stdout).toContain("warning: leading-v (1): db v1.0.0");
    expect(await tagsOf(registry.url, "dry/web")).toEqual([]);
  });

  it("shows what each filter leaves, and maps names as migrate does", async () => {
    const ends = [repository, `oci://${registry.host}/funnel`];
    const { stdout } = await runChartferry(
      ["plan", ...ends, "--exclude", "db", "--version", ">=1.1", "--latest", "2", "--rename", "Upper=upper"],
      { home: freshHome() },
    );
    expect(stdout).toMatch(
      /: 7 versions\n {2}--exclude leaves 6 \(1 left out\)\n {2}--version leaves 4 \(2 left out\)\n {2}--latest leaves 2 \(2 left out\)\n/,
    );
    const { plan: made } = await runPlan(
      [...ends, "--rename", "Upper=upper", "--v-prefix", "strip", "--chart", "Upper", "--chart", "db"],
      freshHome(),
    );
    expect(decisions(made)).toEqual(["Upper 1.0.0: push absent", "db v1.0.0: push absent"]);
    expect([warningsOf(made, "Upper"), warningsOf(made, "db")]).toEqual([["provenance-mapped"], ["provenance-mapped"]]);
  });

  it("writes the same document to --report", async () => {
    const file = join(scratch, "plan.json");
    const { stdout } = await runChartferry(["plan", repository, `oci://${registry.host}/file`, "--output", "json", "--report", file], {
      home: freshHome(),
    });
    expect(readFileSync(file, "utf8")).toBe(stdout);
  });
});

describe("plan of an index that names other hosts", () => {
  it("asks a host that is gone once, and says where the charts will be looked for", async () => {
    const folder = join(scratch, "moved");
    const gone = `http://127.0.0.1:${await findFreePort()}`;
    const charts = web.map((chart) => ({ chart, urls: [`${gone}/${chart.file}`] }));
    writeRepository(folder, charts);
    const server = await startStaticServer(folder);
    const { stderr, plan: made } = await runPlan([server.url, `oci://${registry.host}/moved`, "--debug"], freshHome());
    await server.stop();
    expect(warningsOf(made, "web")).toEqual(web.map(() => "host-gone"));
    expect(made.versions[0]?.warnings[0]).toMatchObject({
      text: expect.stringContaining("connection-refused"),
      hint: expect.stringContaining("--url-rewrite"),
    });
    expect(stderr.split("\n").filter((line) => line.includes(gone)).length).toBe(1);
  });

  it("says that a version without digest will fail, unless that is accepted", async () => {
    const server = await startStaticServer(scratch, {
      routes: { "/bare/index.yaml": (_, response) => response.end(indexText([{ chart: first!, digest: null }])) },
    });
    const ends = [`${server.url}/bare`, `oci://${registry.host}/bare`];
    const refused = await runPlan(ends, freshHome());
    const accepted = await runPlan([...ends, "--allow-missing-digest"], freshHome());
    await server.stop();
    expect(decisions(refused.plan)).toEqual(["web 1.0.0: fail digest-missing"]);
    expect(decisions(accepted.plan)).toEqual(["web 1.0.0: push absent"]);
    expect(warningsOf(accepted.plan, "web")).toEqual(["digest-missing"]);
  });
});
