import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { freshHomes } from "./charts/harbour-charts.ts";
import { makeChart } from "./charts/make-chart.ts";
import { reportOf, runMigrate } from "./runs/run-migrate.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("migrate-dates");
const repository = join(scratch, "repository");
const freshHome = freshHomes(scratch);
const day = 86_400_000;

beforeAll(() => {
  const longAgo = new Date(Date.now() - 8 * day).toISOString();
  const lately = new Date(Date.now() - 6 * day).toISOString();
  writeRepository(repository, [
    { chart: makeChart("pier", "10.0.0-rc.1"), created: "2023-12-31T23:59:59Z" },
    { chart: makeChart("pier", "2.0.0"), created: "2024-01-31T23:59:59.9Z" },
    { chart: makeChart("pier", "9.0.0", { lines: ["deprecated: true"] }), created: "2024-02-01T00:00:00Z" },
    { chart: makeChart("pier", "0.1.0"), created: longAgo },
    { chart: makeChart("pier", "0.2.0"), created: lately },
    { chart: makeChart("quay", "1.0.0"), created: null },
  ]);
});
afterAll(() => removeTempDir(scratch));

let runs = 0;

describe("which versions take part", () => {
  it.each([
    [["--latest", "2"], ["pier 10.0.0-rc.1", "pier 9.0.0", "quay 1.0.0"], { latest: 3 }],
    [
      ["--latest", "1", "--prerelease", "exclude", "--skip-deprecated"],
      ["pier 2.0.0", "quay 1.0.0"],
      { prerelease: 1, deprecated: 1, latest: 2 },
    ],
    [["--prerelease", "only"], ["pier 10.0.0-rc.1"], { prerelease: 5 }],
    [["--since", "2024-01-01", "--until", "2024-01-31"], ["pier 2.0.0", "quay 1.0.0"], { since: 1, until: 3 }],
    [["--until", "2024-01-01T00:59:59+01:00"], ["pier 10.0.0-rc.1", "quay 1.0.0"], { until: 4 }],
    [["--min-age", "7d", "--since", "2024-02-02", "--chart", "pier"], ["pier 0.1.0"], { chart: 1, since: 3, "min-age": 1 }],
  ])("%j", async (options, wanted, excludedBy) => {
    const target = `oci-layout:${join(scratch, `layouts-${(runs += 1)}`)}`;
    const run = await runMigrate([repository, target, ...options], { home: freshHome() });
    const { versions, totals } = reportOf(run);
    expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 });
    expect(versions.map(({ chart, version, status }) => `${chart} ${version}${status === "pushed" ? "" : status}`)).toEqual(wanted);
    expect(Object.entries(totals.excludedBy)).toEqual(Object.entries(excludedBy));
    expect(totals).toMatchObject({ entries: 6, excluded: 6 - wanted.length });
  });

  it("says what became of versions without a time", async () => {
    const run = await runMigrate([repository, `oci-layout:${join(scratch, "undated")}`, "--min-age", "1d"], { home: freshHome() });
    const text = "the source gives no time for 1 of its entries: --min-age leaves them out, since their age is not known";
    expect(reportOf(run).run.notes).toContainEqual({ code: "created-missing", text });
    expect(run.stdout).toContain(text);
  });

  it.each([
    ["--latest", "0", "whole number"],
    ["--since", "yesterday", "2024-01-31"],
    ["--until", "2024-01-31T12:00:00", "with its zone"],
    ["--until", "2024-02-30", "2024-01-31"],
    ["--min-age", "7", "7d"],
    ["--prerelease", "no", "include, exclude, only"],
    ["--v-prefix", "drop", "keep, strip, both"],
    ["--rename", "Pier", "FROM=TO"],
    ["--rename", "pier=Pier", "upper-case"],
    ["--rename", "pier=docks/pier", "without slash"],
    ["--created-from", "registry.example.com/charts", "oci://HOST"],
  ])("%s %s is refused before anything begins", async (name, value, told) => {
    const run = await runMigrate([repository, `oci-layout:${join(scratch, "never")}`, name, value], { home: freshHome() });
    expect(run).toMatchObject({ code: 2, report: undefined, stdout: "" });
    expect(run.stderr).toContain(told);
  });

  it("does not look for provenance that is to be left out", async () => {
    const options = ["--refresh-provenance", "--provenance", "skip"];
    const run = await runMigrate([repository, `oci-layout:${join(scratch, "never")}`, ...options], { home: freshHome() });
    expect(run).toMatchObject({ code: 2, report: undefined });
    expect(run.stderr).toContain("--refresh-provenance");
  });
});
