import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { expectFailure } from "./runs/expect-failure.ts";
import { makeChart, type TestChart } from "./charts/make-chart.ts";
import { digestOfTag, tagsOf } from "./runs/push-image.ts";
import { type RunningEmbedded, startEmbedded } from "./servers/start-embedded.ts";
import { runChartferry } from "./support/chartferry.ts";
import { makeHelm, setModificationTime } from "./support/helm.ts";
import { describeWith } from "./support/real-tools.ts";
import type { ProgramResult } from "./support/run-program.ts";
import { findFreePort } from "./servers/start-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("push");
const examples = fileURLToPath(new URL("../examples/classic-repo", import.meta.url));
const signed = "harbour-web-1.3.0.tgz";
let registry: RunningEmbedded;
beforeAll(async () => {
  registry = await startEmbedded();
  for (const file of [signed, `${signed}.prov`, "tide-tables-2.0.0+spring.2.tgz"]) cpSync(join(examples, file), join(scratch, file));
});
afterAll(async () => {
  await registry.stop();
  removeTempDir(scratch);
});

function chartferry(...args: readonly string[]): Promise<ProgramResult> {
  return runChartferry(args, { home: scratch });
}

function fileOf(chart: TestChart): string {
  const path = join(scratch, chart.file);
  writeFileSync(path, chart.archive);
  return path;
}

async function mediaTypesAt(repository: string, tag: string): Promise<string[]> {
  const accept = "application/vnd.oci.image.manifest.v1+json";
  const answer = await fetch(`${registry.url}/v2/${repository}/manifests/${tag}`, { headers: { accept } });
  const { layers }: { layers: { mediaType: string }[] } = JSON.parse(await answer.text());
  return layers.map(({ mediaType }) => mediaType).toSorted();
}

const CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const PROVENANCE = "application/vnd.cncf.helm.chart.provenance.v1.prov";

describe("chartferry push", () => {
  it("pushes an archive with the .prov beside it and prints reference and digest, nothing else, on stdout", async () => {
    const result = await chartferry("push", signed, `oci://${registry.host}/push`);
    const digest = await digestOfTag(registry.url, "push/harbour-web", "1.3.0");
    expect({ code: result.code, stderr: result.stderr }).toMatchObject({ code: 0 });
    expect(result.stdout).toContain(`${registry.host}/push/harbour-web:1.3.0`);
    expect(result.stdout).toContain(digest);
    expect(await mediaTypesAt("push/harbour-web", "1.3.0")).toEqual([CHART, PROVENANCE]);
  });

  it("leaves the .prov with --provenance skip, and misses it with require", async () => {
    expect((await chartferry("push", signed, `oci://${registry.host}/skip`, "--provenance", "skip")).code).toBe(0);
    expect(await mediaTypesAt("skip/harbour-web", "1.3.0")).toEqual([CHART]);
    const unsigned = await chartferry(
      "push",
      "tide-tables-2.0.0+spring.2.tgz",
      `oci://${registry.host}/require`,
      "--provenance",
      "require",
    );
    expectFailure(unsigned, { code: 1, reason: "provenance-missing", says: ["tide-tables"] });
    expect(await tagsOf(registry.url, "require/tide-tables")).toEqual([]);
  });

  it("adds the .prov under require to what was pushed without it", async () => {
    const push = ["push", signed, `oci://${registry.host}/late`, "--provenance"];
    expect((await chartferry(...push, "skip")).code).toBe(0);
    expect((await chartferry(...push, "auto")).stdout).toContain("already there");
    expect(await mediaTypesAt("late/harbour-web", "1.3.0")).toEqual([CHART]);
    expect((await chartferry(...push, "require")).code).toBe(0);
    expect(await mediaTypesAt("late/harbour-web", "1.3.0")).toEqual([CHART, PROVENANCE]);
    expect((await chartferry(...push, "require")).stdout).toContain("already there");
  });

  it("writes a + version under a tag with _ and says both", async () => {
    const result = await chartferry("push", "tide-tables-2.0.0+spring.2.tgz", `oci://${registry.host}/push`, "--output", "json");
    expect({ code: result.code, stderr: result.stderr }).toMatchObject({ code: 0 });
    expect(await tagsOf(registry.url, "push/tide-tables")).toEqual(["2.0.0_spring.2"]);
    expect(result.stdout).toContain("2.0.0_spring.2");
    expect(JSON.parse(result.stdout)).toBeTruthy();
  });

  it("takes several archives and goes on after one that fails", async () => {
    const [one, two] = [fileOf(makeChart("one", "1.0.0")), fileOf(makeChart("two", "1.0.0"))];
    const broken = join(scratch, "broken-1.0.0.tgz");
    writeFileSync(broken, "no archive");
    const result = await chartferry("push", one, broken, two, `oci://${registry.host}/several`);
    expectFailure(result, { code: 1, says: ["broken-1.0.0.tgz"] });
    expect([await tagsOf(registry.url, "several/one"), await tagsOf(registry.url, "several/two")]).toEqual([["1.0.0"], ["1.0.0"]]);
  });

  it("does nothing twice, refuses another chart under the tag, and replaces it when told", async () => {
    const target = `oci://${registry.host}/again`;
    const first = fileOf(makeChart("web", "1.0.0"));
    await chartferry("push", first, target);
    const digest = await digestOfTag(registry.url, "again/web", "1.0.0");
    expect((await chartferry("push", first, target)).code).toBe(0);
    expect(await digestOfTag(registry.url, "again/web", "1.0.0")).toBe(digest);
    const other = fileOf(makeChart("web", "1.0.0", { files: { "values.yaml": "other: true\n" } }));
    expectFailure(await chartferry("push", other, target), { code: 1, reason: "conflict", says: ["again/web", "1.0.0"] });
    expect(await digestOfTag(registry.url, "again/web", "1.0.0")).toBe(digest);
    expect((await chartferry("push", other, target, "--existing", "overwrite")).code).toBe(0);
    expect(await digestOfTag(registry.url, "again/web", "1.0.0")).not.toBe(digest);
  });

  it("gives the same digest whenever the file was touched, unless told to do as Helm does", async () => {
    const file = fileOf(makeChart("clock", "1.0.0"));
    const digests = [];
    for (const [place, options] of [
      [],
      [],
      ["--helm-compatible"],
      ["--helm-compatible"],
      ["--created", "2021-01-01T00:00:00Z"],
    ].entries()) {
      setModificationTime(file, new Date(1_600_000_000_000 + place * 3_600_000));
      const result = await chartferry("push", file, `oci://${registry.host}/clock-${place}`, ...options);
      expect({ code: result.code, stderr: result.stderr }).toMatchObject({ code: 0 });
      digests.push((await digestOfTag(registry.url, `clock-${place}/clock`, "1.0.0")) ?? "");
    }
    expect(digests[0]).toBe(digests[1]);
    expect(new Set(digests).size).toBe(4);
  });
});

describeWith(["helm4"], "chartferry push beside the real helm", () => {
  it("--helm-compatible gives the manifest digest that helm push gives, provenance included", async () => {
    const helm = makeHelm("helm4");
    const file = join(scratch, signed);
    setModificationTime(file, "2024-05-06T07:08:09Z");
    const said = await helm.run(["push", file, `oci://${registry.host}/by-helm`, "--plain-http"]);
    helm.remove();
    expect({ code: said.code, stderr: said.stderr }).toMatchObject({ code: 0 });
    const ours = await chartferry("push", signed, `oci://${registry.host}/by-us`, "--helm-compatible");
    expect({ code: ours.code, stderr: ours.stderr }).toMatchObject({ code: 0 });
    const theirs = await digestOfTag(registry.url, "by-helm/harbour-web", "1.3.0");
    expect(theirs).toMatch(/^sha256:/u);
    expect(await digestOfTag(registry.url, "by-us/harbour-web", "1.3.0")).toBe(theirs);
  });
});

describe("chartferry publish", () => {
  it("serves every target and prints one line for each", async () => {
    const targets = [`oci://${registry.host}/pub-a`, `oci://${registry.host}/pub-b`];
    const result = await chartferry(
      "publish",
      signed,
      "--to",
      targets[0] ?? "",
      "--to",
      targets[1] ?? "",
      "--to",
      `oci-layout:${scratch}/pub-layouts`,
    );
    const digest = await digestOfTag(registry.url, "pub-a/harbour-web", "1.3.0");
    expect({ code: result.code, stderr: result.stderr }).toMatchObject({ code: 0 });
    expect(await digestOfTag(registry.url, "pub-b/harbour-web", "1.3.0")).toBe(digest);
    expect(result.stdout.split(digest ?? "no digest")).toHaveLength(4);
  });

  it("serves the other targets when one fails, says which, and ends with 1", async () => {
    const dead = `127.0.0.1:${await findFreePort()}`;
    const chart = fileOf(makeChart("half", "1.0.0"));
    const result = await chartferry("publish", chart, "--to", `oci://${dead}/x`, "--to", `oci://${registry.host}/half`);
    expectFailure(result, { code: 1, reason: "connection-refused", says: [dead] });
    expect(result.stdout).toContain(`${registry.host}/half/half:1.0.0`);
    expect(result.stdout).not.toContain(dead);
    expect(await tagsOf(registry.url, "half/half")).toEqual(["1.0.0"]);
  });

  it("gives JSON for scripts", async () => {
    mkdirSync(join(scratch, "json"), { recursive: true });
    const chart = fileOf(makeChart("machine", "1.0.0"));
    const result = await chartferry("publish", chart, "--to", `oci://${registry.host}/json`, "--output", "json");
    expect(result.code).toBe(0);
    const digest = await digestOfTag(registry.url, "json/machine", "1.0.0");
    expect(JSON.stringify(JSON.parse(result.stdout))).toContain(digest);
  });
});
