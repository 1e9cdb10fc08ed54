import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { freshHomes, harbourCharts as charts } from "./charts/harbour-charts.ts";
import { tagsOf } from "./runs/push-image.ts";
import { reportOf, runMigrate } from "./runs/run-migrate.ts";
import { type RunningEmbedded, startEmbedded } from "./servers/start-embedded.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("migrate-selection");
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

let namespaces = 0;

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
    const namespace = `select-${(namespaces += 1)}`;
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
    expect(run.stdout).toMatch(/6 versions, 6 not selected/u);
    expect(run.stderr).toContain("warning: none of the 6 versions of the source is selected\n");
    expect(run.stderr).toMatch(
      /^warning: no chart of the source matches "lighthouse"; the source has (?:(?:harbour|harbour-tools|pier)(?:, |$)){3}/mu,
    );
    expect(run.stdout).toContain("note: nothing-selected: ");
    expect(reportOf(run).run.notes.map(({ code }) => code)).toEqual(["nothing-selected", "chart-not-found"]);
  });
});
