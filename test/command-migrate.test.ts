import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeChart } from "./scenario-b/make-chart.ts";
import { makeGate } from "./scenario-b/make-gate.ts";
import { digestOfTag, tagsOf } from "./scenario-b/push-image.ts";
import { parseReport, statusLines } from "./scenario-b/read-report.ts";
import { type MigrateRun, reportOf, runMigrate } from "./scenario-b/run-migrate.ts";
import { type RunningEmbedded, startEmbedded } from "./scenario-b/start-embedded.ts";
import { writeRepository } from "./scenario-b/write-repository.ts";
import { runChartferry } from "./support/chartferry.ts";
import { startStaticServer } from "./support/start-static-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("migrate");
const repository = join(scratch, "repository");
const examples = fileURLToPath(new URL("../examples/classic-repo", import.meta.url));
const charts = [
  ...["0.9.0", "1.0.0", "1.1.0-rc.1", "2.0.0"].map((version) => makeChart("harbour", version)),
  makeChart("harbour-tools", "1.0.0"),
  makeChart("pier", "1.0.0+tide.7"),
];
let registry: RunningEmbedded;

beforeAll(async () => {
  writeRepository(repository, charts);
  registry = await startEmbedded();
});
afterAll(async () => {
  await registry.stop();
  removeTempDir(scratch);
});

let homes = 0;
function freshHome(): string {
  const home = join(scratch, `home-${(homes += 1)}`);
  mkdirSync(home);
  return home;
}

describe("which versions take part", () => {
  const everything = charts.map(({ name, version }) => `${name} ${version}`);
  it.each([
    ["all without options", [], everything],
    ["--chart", ["--chart", "pier"], ["pier 1.0.0+tide.7"]],
    ["--chart with a glob", ["--chart", "harbour*"], everything.slice(0, 5)],
    ["--chart twice", ["--chart", "pier", "--chart", "harbour-?ools"], everything.slice(4)],
    ["--exclude", ["--exclude", "harbour"], everything.slice(4)],
    ["--exclude wins over --chart", ["--chart", "harbour*", "--exclude", "*-tools"], everything.slice(0, 4)],
    [
      "--version as Helm reads a range: no pre-releases",
      ["--version", ">=1.0.0 <2"],
      ["harbour 1.0.0", "harbour-tools 1.0.0", "pier 1.0.0+tide.7"],
    ],
    ["--version that names a pre-release", ["--chart", "harbour", "--version", ">=1.0.0-0 <2"], ["harbour 1.0.0", "harbour 1.1.0-rc.1"]],
    ["--version with two groups", ["--chart", "harbour", "--version", "0.x || ^2"], ["harbour 0.9.0", "harbour 2.0.0"]],
  ])("%s", async (_what, options, wanted) => {
    const namespace = `select-${homes}`;
    const run = await runMigrate([repository, `oci://${registry.host}/${namespace}`, ...options], { home: freshHome() });
    const report = reportOf(run);
    expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 });
    expect(report.versions.map(({ chart, version }) => `${chart} ${version}`)).toEqual(wanted);
    expect(report.totals).toMatchObject({ entries: 6, excluded: 6 - wanted.length });
    const there = await Promise.all(["harbour", "harbour-tools", "pier"].map((name) => tagsOf(registry.url, `${namespace}/${name}`)));
    expect(there.flat()).toHaveLength(wanted.length);
  });

  it("nothing selected is said, and is no failure", async () => {
    const run = await runMigrate([repository, `oci://${registry.host}/none`, "--chart", "lighthouse"], { home: freshHome() });
    expect({ code: run.code, excluded: reportOf(run).totals.excluded, versions: reportOf(run).versions }).toEqual({
      code: 0,
      excluded: 6,
      versions: [],
    });
    expect(run.stdout + run.stderr).toMatch(/6 versions, 6 not selected/u);
  });
});

describe("what a run leaves behind", () => {
  it("says in words on stdout what happened, and what each failed version wants", async () => {
    const run = await runMigrate([repository, `oci://${registry.host}/words`], { home: freshHome() });
    expect(run.stdout).toContain(`oci://${registry.host}/words`);
    expect(run.stdout).toMatch(/6 pushed|pushed\D+6/u);
  });

  it("gives the report as JSON on stdout, the same as in the file, and nothing else", async () => {
    const run = await runMigrate([repository, `oci://${registry.host}/json`, "--output", "json"], { home: freshHome() });
    const report = parseReport(run.stdout);
    expect(report).toEqual(reportOf(run));
    expect(report).toMatchObject({ schemaVersion: 1, run: { end: "complete" }, totals: { downloads: { charts: 6 } } });
    expect(Object.values(report.totals.targets)).toMatchObject([{ pushed: 6, failed: 0 }]);
    const pier = report.versions.at(-1);
    expect(pier).toMatchObject({
      chart: "pier",
      version: "1.0.0+tide.7",
      tag: "1.0.0_tide.7",
      status: "pushed",
      created: "2024-01-02T03:04:05Z",
    });
    expect(pier?.layerDigest).toBe(charts.at(-1)?.digest);
    expect(pier?.manifestDigest).toBe(await digestOfTag(registry.url, "json/pier", "1.0.0_tide.7"));
    expect(report.hosts).toContainEqual(expect.objectContaining({ end: "target", host: registry.host }));
  });

  it("keeps the journal in the state folder, says where, and a second run then asks with HEAD only", async () => {
    const home = freshHome();
    const target = `oci://${registry.host}/journal`;
    const first = await runMigrate([repository, target], { home });
    const path = reportOf(first).run.journals[0] ?? "";
    expect(path.startsWith(join(home, "state", "chartferry"))).toBe(true);
    expect(first.stderr + first.stdout).toContain(path);
    expect(readFileSync(path, "utf8").trim().split("\n")).toHaveLength(6);
    const second = await runMigrate([repository, target], { home });
    expect({ code: second.code, downloads: reportOf(second).totals.downloads.charts }).toEqual({ code: 0, downloads: 0 });
    expect(statusLines(reportOf(second)).every((line) => line.endsWith(": skipped unchanged"))).toBe(true);
  });

  it("takes a journal file of the user's choice, or none", async () => {
    const home = freshHome();
    const journal = join(home, "deep", "my.journal");
    const chosen = await runMigrate([repository, `oci://${registry.host}/chosen`, "--journal", journal], { home });
    expect({ code: chosen.code, journals: reportOf(chosen).run.journals, there: existsSync(journal) }).toEqual({
      code: 0,
      journals: [journal],
      there: true,
    });
    const none = await runMigrate([repository, `oci://${registry.host}/chosen`, "--no-journal"], { home });
    expect({ code: none.code, journals: reportOf(none).run.journals, state: existsSync(join(home, "state")) }).toEqual({
      code: 0,
      journals: [],
      state: false,
    });
    expect(statusLines(reportOf(none)).every((line) => line.endsWith(": skipped same-chart"))).toBe(true);
  });

  it("is no proof: what was wiped at the target is pushed again, journal or not", async () => {
    const home = freshHome();
    const layouts = join(home, "layouts");
    const first = await runMigrate([repository, `oci-layout:${layouts}`], { home });
    rmSync(layouts, { recursive: true });
    const second = await runMigrate([repository, `oci-layout:${layouts}`], { home });
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(reportOf(second).versions.map(({ manifestDigest }) => manifestDigest)).toEqual(
      reportOf(first).versions.map(({ manifestDigest }) => manifestDigest),
    );
    expect(statusLines(reportOf(second)).every((line) => line.includes(": pushed"))).toBe(true);
  });

  it("refuses a second writer of one journal, and says who has it", async () => {
    const home = freshHome();
    const journal = join(home, "shared.journal");
    const gate = makeGate();
    const source = await startStaticServer(repository, {
      // The first run stays at its first chart until the second has been refused.
      routes: { "/harbour-0.9.0.tgz": (_, response) => void gate.opened.then(() => response.end(charts[0]?.archive)) },
    });
    const first = runMigrate([source.url, `oci://${registry.host}/locked`, "--journal", journal], { home });
    while (!existsSync(`${journal}.lock`)) await new Promise((settle) => setTimeout(settle, 20));
    const second = await runMigrate([source.url, `oci://${registry.host}/locked`, "--journal", journal], { home });
    gate.open();
    expect({ code: second.code, stderr: second.stderr }).toMatchObject({ code: 2 });
    expect(second.stderr).toMatch(/\[journal-locked\][^]*wait for that run|in use by process \d+/u);
    expect((await first).code).toBe(0);
    await source.stop();
  });

  it("says what cannot be written before anything is pushed", async () => {
    const report = join(scratch, "no-such-folder", "report.json");
    const run = await runChartferry(["migrate", repository, `oci://${registry.host}/unwritable`, "--report", report], {
      home: freshHome(),
    });
    expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 2 });
    expect(run.stderr).toContain("[file-unwritable]");
    expect(await tagsOf(registry.url, "unwritable/harbour")).toEqual([]);
  });
});

/** One line a version: what stands at the target. */
function manifestsOf(run: MigrateRun): string {
  return reportOf(run)
    .versions.map(({ chart, version, manifestDigest }) => `${chart} ${version} ${manifestDigest}`)
    .join("\n");
}

describe("where charts come from and go to", () => {
  it("reads http, a folder, file:// and the index file by name alike", async () => {
    const source = await startStaticServer(repository);
    const spellings = [
      source.url,
      `${source.url}/`,
      `${source.url}/index.yaml`,
      repository,
      `file://${repository}`,
      join(repository, "index.yaml"),
    ];
    const found = new Set<string>();
    for (const [place, spelling] of spellings.entries()) {
      const run = await runMigrate([spelling, `oci://${registry.host}/spelling-${place}`], { home: freshHome() });
      expect({ spelling, code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 });
      found.add(manifestsOf(run));
    }
    await source.stop();
    expect(found.size).toBe(1);
  });

  it("reads a folder without an index: the archives in it", async () => {
    const folder = join(scratch, "bare");
    writeRepository(folder, charts);
    rmSync(join(folder, "index.yaml"));
    const run = await runMigrate([folder, `oci://${registry.host}/bare`], { home: freshHome() });
    expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 });
    expect(
      reportOf(run)
        .versions.map(({ chart, version, status }) => `${chart} ${version} ${status}`)
        .toSorted(),
    ).toEqual(charts.map(({ name, version }) => `${name} ${version} pushed`).toSorted());
  });

  it("fills several targets from one download of each chart, with equal digests", async () => {
    const source = await startStaticServer(repository);
    const layouts = join(scratch, "several");
    const targets = [`oci://${registry.host}/several-a`, `oci://${registry.host}/several-b`, `oci-layout:${layouts}`];
    const run = await runMigrate([source.url, ...targets], { home: freshHome() });
    await source.stop();
    const report = reportOf(run);
    expect({ code: run.code, downloads: report.totals.downloads.charts }).toEqual({ code: 0, downloads: 6 });
    expect(source.requests.filter(({ path }) => path.endsWith(".tgz")).length).toBe(6);
    expect(new Set(report.versions.map(({ chart, version, manifestDigest }) => `${chart} ${version} ${manifestDigest}`)).size).toBe(6);
    expect(report.versions).toHaveLength(18);
    expect(existsSync(join(layouts, "pier", "index.json"))).toBe(true);
  });

  it("one target that fails does not hold the others back", async () => {
    const targets = [`oci://127.0.0.1:1/dead`, `oci://${registry.host}/alive`];
    const run = await runMigrate([repository, ...targets], { home: freshHome() });
    const { totals } = reportOf(run);
    expect(run.code).toBe(1);
    expect(totals.targets[`oci://${registry.host}/alive`]).toMatchObject({ pushed: 6, failed: 0 });
    expect(totals.targets["oci://127.0.0.1:1/dead"]).toMatchObject({ pushed: 0 });
  });

  it("brings our own examples, each oddity of them, without one failure", async () => {
    const run = await runMigrate([examples, `oci://${registry.host}/examples`], { home: freshHome() });
    expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 });
    expect(statusLines(reportOf(run))).toHaveLength(8);
    expect(await tagsOf(registry.url, "examples/old-lighthouse")).toEqual(["v0.9.1"]);
    expect(await tagsOf(registry.url, "examples/tide-tables")).toEqual(["2.0.0_spring.1", "2.0.0_spring.2"]);
  });

  it("--created is the creation time of every manifest; in UTC", async () => {
    const created = "2020-02-03T04:05:06+01:00";
    const run = await runMigrate([repository, `oci://${registry.host}/created`, "--created", created], { home: freshHome() });
    expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 });
    expect(new Set(reportOf(run).versions.map((version) => version.created))).toEqual(new Set(["2020-02-03T03:05:06Z"]));
  });

  it("SOURCE_DATE_EPOCH is the creation time where no option says it; a broken one is wrong usage", async () => {
    const run = await runMigrate([repository, `oci://${registry.host}/epoch`], {
      home: freshHome(),
      env: { SOURCE_DATE_EPOCH: "1600000000" },
    });
    expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 });
    expect(new Set(reportOf(run).versions.map((version) => version.created))).toEqual(new Set(["2020-09-13T12:26:40Z"]));
    const broken = await runMigrate([repository, `oci://${registry.host}/broken-epoch`], {
      home: freshHome(),
      env: { SOURCE_DATE_EPOCH: "soon" },
    });
    expect({ code: broken.code, stderr: broken.stderr }).toMatchObject({ code: 2 });
    expect(broken.stderr).toContain("SOURCE_DATE_EPOCH");
  });
});
