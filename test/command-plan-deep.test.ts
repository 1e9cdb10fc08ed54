import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeChart, type TestChart } from "./charts/make-chart.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { tagsOf } from "./runs/push-image.ts";
import { decisions, runPlan, warningsOf } from "./runs/run-plan.ts";
import { type RunningEmbedded, startEmbedded } from "./servers/start-embedded.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("plan-deep");
let registry: RunningEmbedded;
let homes = 0;
const freshHome = (): string => makeTempDir(`plan-deep-home-${(homes += 1)}`);

beforeAll(async () => {
  registry = await startEmbedded();
});
afterAll(async () => {
  await registry.stop();
  removeTempDir(scratch);
});

/** The index has its name and version only. */
function bare(chart: TestChart): TestChart {
  return { ...chart, metadata: chart.metadata.slice(0, 3) };
}

describe("plan --deep", () => {
  it("tells what no index tells: what Helm will not load or pull, and what the source cannot give", async () => {
    const folder = join(scratch, "deep");
    const large = makeChart("large", "1.0.0", {
      files: { "files/big.bin": randomBytes(17 * 1024 * 1024).toString("hex") + "x".repeat(6 * 1024 * 1024) },
    });
    const heavy = makeChart("heavy", "1.0.0", {
      files: Object.fromEntries([...Array(9).keys()].map((part) => [`files/${part}.bin`, randomBytes(3_900_000).toString("base64")])),
    });
    const broken = makeChart("broken", "1.0.0", { files: { "values.yaml": "a: [" } });
    const misnamed = makeChart("inside", "1.0.0");
    writeRepository(folder, [
      large,
      heavy,
      broken,
      {
        chart: { ...misnamed, name: "outside", file: "outside-1.0.0.tgz", metadata: ["apiVersion: v2", "name: outside", "version: 1.0.0"] },
      },
      { chart: makeChart("web", "1.3.0"), absent: true },
      makeChart("web", "1.2.0"),
    ]);
    const ends = [folder, `oci://${registry.host}/deep`];
    const { code, plan: made } = await runPlan([...ends, "--deep"], freshHome());
    expect(code).toBe(0);
    expect(decisions(made)).toEqual([
      "large 1.0.0: push copied",
      "heavy 1.0.0: push copied",
      "broken 1.0.0: push copied",
      "outside 1.0.0: fail chart-invalid",
      "web 1.3.0: fail source-missing",
      "web 1.2.0: push copied",
    ]);
    expect(warningsOf(made, "large")).toEqual(["file-over-5-mib"]);
    expect(warningsOf(made, "heavy")).toEqual(["layer-over-32-mib"]);
    expect(warningsOf(made, "broken")).toEqual(["bad-values-yaml"]);
    for (const { warnings } of made.versions) for (const { hint } of warnings) expect(hint).not.toBe("");
    expect(await tagsOf(registry.url, "deep/large")).toEqual([]);
  });

  it("looks into the archive for dependencies that the index does not repeat, and warns of each once", async () => {
    const folder = join(scratch, "deep-dependencies");
    const lines = ["dependencies:", "- name: web", "  version: 1.x.x", "  repository: https://former.example.com/charts"];
    const silent = makeChart("silent", "1.0.0", { lines });
    const elsewhere = makeChart("elsewhere", "1.0.0", { lines: lines.map((line) => line.replace("former", "another")) });
    writeRepository(folder, [bare(silent), bare(elsewhere), makeChart("told", "1.0.0", { lines })]);
    const args = [
      folder,
      `oci://${registry.host}/deep-dependencies`,
      "--url-rewrite",
      "https://former.example.com/charts=https://charts.example.com",
    ];
    const { plan: shallow } = await runPlan(args, freshHome());
    expect(shallow.totals.warnings).toEqual({ "dependency-at-former-home": 1 });
    const { plan: made } = await runPlan([...args, "--deep"], freshHome());
    const found = ["silent", "elsewhere", "told"].map((name) => warningsOf(made, name));
    expect(found).toEqual([["dependency-at-former-home"], [], ["dependency-at-former-home"]]);
  });
});
