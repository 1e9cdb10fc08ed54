import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { freshHomes, harbourCharts as charts } from "./charts/harbour-charts.ts";
import { tagsOf } from "./runs/push-image.ts";
import { statusLines } from "./runs/read-report.ts";
import { type MigrateRun, reportOf, runMigrate } from "./runs/run-migrate.ts";
import { type RunningEmbedded, startEmbedded } from "./servers/start-embedded.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { startStaticServer } from "./servers/start-static-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const examples = fileURLToPath(new URL("../examples/classic-repo", import.meta.url));
const scratch = makeTempDir("migrate-places");
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
