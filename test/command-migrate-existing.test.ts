import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeChart, type TestChart } from "./charts/make-chart.ts";
import { digestOfTag } from "./runs/push-image.ts";
import { statusLines } from "./runs/read-report.ts";
import { type MigrateRun, reportOf, runMigrate } from "./runs/run-migrate.ts";
import { type RunningEmbedded, startEmbedded } from "./servers/start-embedded.ts";
import { type RunningProxy, startProxy } from "./servers/start-proxy.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("existing");
const same = makeChart("web", "1.0.0");
const before = makeChart("web", "2.0.0", { files: { "values.yaml": "replicas: 1\n" } });
const after = makeChart("web", "2.0.0", { files: { "values.yaml": "replicas: 2\n" } });
const added = makeChart("web", "3.0.0");

let registry: RunningEmbedded;
let watched: RunningProxy;
beforeAll(async () => {
  writeRepository(join(scratch, "old"), [same, before]);
  writeRepository(join(scratch, "new"), [same, after, added]);
  registry = await startEmbedded();
  watched = await startProxy(registry.url);
});
afterAll(async () => {
  await watched.stop();
  await registry.stop();
  removeTempDir(scratch);
});

function migrate(folder: "old" | "new", namespace: string, options: readonly string[] = []): Promise<MigrateRun> {
  const home = join(scratch, `home-${namespace}`);
  mkdirSync(home, { recursive: true });
  return runMigrate([join(scratch, folder), `oci://${watched.host}/${namespace}`, ...options], { home });
}

/** The chart layer that the tag names now. */
async function layerAt(namespace: string, version: string): Promise<string | undefined> {
  const accept = "application/vnd.oci.image.manifest.v1+json";
  const answer = await fetch(`${registry.url}/v2/${namespace}/web/manifests/${version}`, { headers: { accept } });
  const manifest: { layers?: { mediaType: string; digest: string }[] } = JSON.parse(await answer.text());
  return manifest.layers?.find(({ mediaType }) => mediaType.includes("chart.content"))?.digest;
}

describe("a tag that is already there: the same chart, another chart, and a new one", () => {
  const cases: readonly (readonly [string, number, readonly string[], TestChart])[] = [
    ["verify", 1, ["web 1.0.0: skipped same-chart", "web 2.0.0: failed conflict", "web 3.0.0: pushed copied"], before],
    ["trust", 0, ["web 1.0.0: skipped listed", "web 2.0.0: skipped listed", "web 3.0.0: pushed copied"], before],
    ["overwrite", 0, ["web 1.0.0: skipped identical", "web 2.0.0: pushed copied", "web 3.0.0: pushed copied"], after],
    ["fail", 1, ["web 1.0.0: failed already-exists", "web 2.0.0: failed already-exists", "web 3.0.0: pushed copied"], before],
  ];
  it.each(cases)("--existing %s ends with %d", async (...[policy, code, lines, standing]) => {
    await migrate("old", policy, ["--no-journal"]);
    const run = await migrate("new", policy, ["--existing", policy, "--no-journal"]);
    expect({ code: run.code, lines: statusLines(reportOf(run)) }).toEqual({ code, lines });
    expect(await layerAt(policy, "2.0.0")).toBe(standing.digest);
    expect(await layerAt(policy, "3.0.0")).toBe(added.digest);
  });

  it("verify is the default, and a journal changes no verdict", async () => {
    await migrate("old", "default");
    const run = await migrate("new", "default");
    expect({ code: run.code, lines: statusLines(reportOf(run)) }).toMatchObject({
      code: 1,
      lines: [/^web 1\.0\.0: skipped/u, "web 2.0.0: failed conflict", /^web 3\.0\.0: pushed/u].map((line) => expect.stringMatching(line)),
    });
    const conflict = reportOf(run).versions.find(({ reason }) => reason === "conflict");
    expect(conflict?.message).toContain(`${watched.host}/default/web:2.0.0`);
    expect(conflict?.hint).toContain("--existing overwrite");
  });

  it("verify still says conflict after trust has left the other chart where it was", async () => {
    const [folder, home] = [join(scratch, "republished"), join(scratch, "home-republished")];
    mkdirSync(home);
    const run = (...options: string[]): Promise<MigrateRun> =>
      runMigrate([folder, `oci://${registry.host}/republished`, ...options], { home });
    writeRepository(folder, [same, before]);
    await run();
    writeRepository(folder, [same, after]);
    const trusting = await run("--existing", "trust");
    const left = reportOf(trusting).versions.find(({ version }) => version === "2.0.0");
    expect({ code: trusting.code, reason: left?.reason, layer: left?.layerDigest }).toEqual({
      code: 0,
      reason: "listed",
      layer: undefined,
    });
    const lines = ["web 1.0.0: skipped unchanged", "web 2.0.0: failed conflict"];
    const verifying = await run();
    expect({ code: verifying.code, lines: statusLines(reportOf(verifying)) }).toEqual({ code: 1, lines });
    expect(await layerAt("republished", "2.0.0")).toBe(before.digest);
  });

  it("verify notices that somebody replaced the chart behind the journal's back", async () => {
    await migrate("old", "replaced");
    const foreign = await runMigrate([join(scratch, "new"), `oci://${registry.host}/replaced`, "--existing", "overwrite"], {
      home: join(scratch, "other"),
    });
    expect(foreign.code).toBe(0);
    const run = await migrate("old", "replaced");
    expect(statusLines(reportOf(run))).toEqual(["web 1.0.0: skipped unchanged", "web 2.0.0: failed conflict"]);
  });
});

/** What the target was asked, without the greeting, sorted. */
function since(mark: number): string[] {
  return watched.requests
    .slice(mark)
    .filter(({ path }) => path !== "/v2/")
    .map(({ method, path }) => `${method} ${path.replace(/\?.*$/u, "")}`)
    .toSorted();
}

describe("an unchanged repository costs", () => {
  it.each([
    ["one listing a chart with --existing trust", ["--existing", "trust"], ["GET /v2/cost-0/web/tags/list"]],
    [
      "plus a HEAD a version with the journal",
      [],
      ["GET /v2/cost-1/web/tags/list", "HEAD /v2/cost-1/web/manifests/1.0.0", "HEAD /v2/cost-1/web/manifests/2.0.0"],
    ],
    [
      "plus a manifest GET a version without it",
      ["--no-journal"],
      ["GET /v2/cost-2/web/manifests/1.0.0", "GET /v2/cost-2/web/manifests/2.0.0", "GET /v2/cost-2/web/tags/list"],
    ],
  ])("%s", async (_what, options, wanted) => {
    const namespace = /cost-\d/u.exec(wanted.join(" "))?.[0] ?? "";
    const first = await migrate("old", namespace);
    const digest = await digestOfTag(registry.url, `${namespace}/web`, "1.0.0");
    const mark = watched.requests.length;
    const second = await migrate("old", namespace, options);
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(since(mark)).toEqual(wanted);
    expect(reportOf(second).totals.downloads.charts).toBe(0);
    expect(await digestOfTag(registry.url, `${namespace}/web`, "1.0.0")).toBe(digest);
  });
});
