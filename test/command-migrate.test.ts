import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { freshHomes, harbourCharts as charts } from "./charts/harbour-charts.ts";
import { makeGate } from "./runs/make-gate.ts";
import { digestOfTag, tagsOf } from "./runs/push-image.ts";
import { parseReport, statusLines } from "./runs/read-report.ts";
import { reportOf, runMigrate } from "./runs/run-migrate.ts";
import { type RunningEmbedded, startEmbedded } from "./servers/start-embedded.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { runChartferry } from "./support/chartferry.ts";
import { startStaticServer } from "./servers/start-static-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("migrate");
const repository = join(scratch, "repository");
const freshHome = freshHomes(scratch);
let registry: RunningEmbedded;

beforeAll(async () => {
  writeRepository(repository, charts);
  registry = await startEmbedded();
});
afterAll(async () => {
  await registry.stop();
  removeTempDir(scratch);
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
