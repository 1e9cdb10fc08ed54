import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { expectFailure } from "./runs/expect-failure.ts";
import { digestOf } from "./charts/make-chart.ts";
import { digestOfTag, pushImage } from "./runs/push-image.ts";
import { type RunningEmbedded, startEmbedded } from "./servers/start-embedded.ts";
import { type RunningProxy, startProxy } from "./servers/start-proxy.ts";
import { runChartferry } from "./support/chartferry.ts";
import { makeHelm } from "./support/helm.ts";
import { describeWith } from "./support/real-tools.ts";
import type { ProgramResult } from "./support/run-program.ts";
import { findFreePort } from "./servers/start-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("pull");
const examples = fileURLToPath(new URL("../examples/classic-repo", import.meta.url));
const PLUS = "tide-tables-2.0.0+spring.1.tgz";
let registry: RunningEmbedded;
let proxy: RunningProxy;
beforeAll(async () => {
  registry = await startEmbedded();
  proxy = await startProxy(registry.url);
  const { code, stderr } = await runChartferry(["migrate", examples, `oci://${registry.host}/charts`], { home: scratch });
  if (code !== 0) throw new Error(stderr);
});
afterAll(async () => {
  await proxy.stop();
  await registry.stop();
  removeTempDir(scratch);
});

let pulls = 0;
/** Pulls into a fresh folder; `files` are what is there afterwards. */
async function pull(...args: readonly string[]): Promise<ProgramResult & { folder: string; files: string[] }> {
  const folder = join(scratch, `pulled-${(pulls += 1)}`);
  mkdirSync(folder);
  const result = await runChartferry(["pull", ...args, "--destination", folder], { home: scratch });
  return { ...result, folder, files: readdirSync(folder).toSorted() };
}

function exampleBytes(file: string): string {
  return digestOf(readFileSync(join(examples, file)));
}

describe("chartferry pull", () => {
  it("writes the chart's bytes under the name that Helm gives and prints the path alone", async () => {
    const result = await pull(`oci://${registry.host}/charts/harbour-web:1.3.0`);
    expect({ code: result.code, files: result.files, stderr: result.stderr }).toMatchObject({ code: 0, files: ["harbour-web-1.3.0.tgz"] });
    expect(result.stdout).toBe(`${join(result.folder, "harbour-web-1.3.0.tgz")}\n`);
    expect(digestOf(readFileSync(result.stdout.trim()))).toBe(exampleBytes("harbour-web-1.3.0.tgz"));
  });

  it.each([
    ["tag with +", [":2.0.0+spring.1"]],
    ["tag with _", [":2.0.0_spring.1"]],
    ["--version with +", ["", "--version", "2.0.0+spring.1"]],
    ["--version with _", ["", "--version", "2.0.0_spring.1"]],
    ["tag and --version that agree", [":2.0.0_spring.1", "--version", "2.0.0+spring.1"]],
  ])("finds a + version by %s and names the file with +", async (_what, [suffix = "", ...options]) => {
    const result = await pull(`oci://${registry.host}/charts/tide-tables${suffix}`, ...options);
    expect({ code: result.code, files: result.files, stderr: result.stderr }).toMatchObject({ code: 0, files: [PLUS] });
    expect(digestOf(readFileSync(join(result.folder, PLUS)))).toBe(exampleBytes(PLUS));
  });

  it("makes the folder that is not there yet", async () => {
    const folder = join(scratch, "no", "such", "folder");
    const args = ["pull", `oci://${registry.host}/charts/harbour-web:1.3.0`, "--destination", folder];
    const result = await runChartferry(args, { home: scratch });
    expect({ code: result.code, stdout: result.stdout, stderr: result.stderr }).toMatchObject({
      code: 0,
      stdout: `${join(folder, "harbour-web-1.3.0.tgz")}\n`,
    });
    expect(digestOf(readFileSync(join(folder, "harbour-web-1.3.0.tgz")))).toBe(exampleBytes("harbour-web-1.3.0.tgz"));
  });

  it("finds a version with a leading v by its exact name", async () => {
    expect((await pull(`oci://${registry.host}/charts/old-lighthouse`, "--version", "v0.9.1")).files).toEqual([
      "old-lighthouse-v0.9.1.tgz",
    ]);
  });

  it("pulls by digest, alone and with a tag that agrees", async () => {
    const digest = await digestOfTag(registry.url, "charts/tide-tables", "2.0.0_spring.1");
    const alone = await pull(`oci://${registry.host}/charts/tide-tables@${digest}`);
    const both = await pull(`oci://${registry.host}/charts/tide-tables:2.0.0+spring.1@${digest}`);
    expect([alone.code, both.code]).toEqual([0, 0]);
    for (const { folder, files } of [alone, both]) expect(digestOf(readFileSync(join(folder, files[0] ?? "")))).toBe(exampleBytes(PLUS));
    expect(both.files).toEqual([PLUS]);
  });

  it("--prov brings the provenance as well, and says when there is none", async () => {
    const signed = await pull(`oci://${registry.host}/charts/harbour-web:1.3.0`, "--prov");
    expect({ code: signed.code, files: signed.files }).toEqual({ code: 0, files: ["harbour-web-1.3.0.tgz", "harbour-web-1.3.0.tgz.prov"] });
    expect(digestOf(readFileSync(join(signed.folder, "harbour-web-1.3.0.tgz.prov")))).toBe(exampleBytes("harbour-web-1.3.0.tgz.prov"));
    const unsigned = await pull(`oci://${registry.host}/charts/dock-helpers:0.4.0`, "--prov");
    expect(unsigned.stderr).toMatch(/provenance/u);
    expect(unsigned.files.filter((file) => file.endsWith(".prov"))).toEqual([]);
  });
});

describe("a pull that fails leaves no file and says why:", () => {
  it.each([
    ["a version that is not there", ":9.9.9", 1, ["[manifest-unknown]", "charts/harbour-web", "9.9.9"]],
    ["a digest that is not there", `@sha256:${"0".repeat(64)}`, 1, ["[manifest-unknown]", "charts/harbour-web"]],
    ["a range, which names no version", "", 2, ["[usage]", "version"]],
  ])("%s", async (...[, suffix, code, says]) => {
    const result = await pull(`oci://${registry.host}/charts/harbour-web${suffix}`);
    expectFailure(result, { code, says: [registry.host, ...says] });
    expect({ files: result.files, stdout: result.stdout }).toEqual({ files: [], stdout: "" });
  });

  it("a tag and a digest that differ", async () => {
    const digest = await digestOfTag(registry.url, "charts/tide-tables", "2.0.0_spring.2");
    const result = await pull(`oci://${registry.host}/charts/tide-tables:2.0.0+spring.1@${digest}`);
    expectFailure(result, { code: 1, reason: "digest-mismatch", says: ["tide-tables"] });
    expect(result.files).toEqual([]);
  });

  it("a container image", async () => {
    await pushImage(registry.url, "charts/image", "1.0.0");
    const result = await pull(`oci://${registry.host}/charts/image:1.0.0`);
    expectFailure(result, { code: 1, reason: "not-a-chart", says: ["charts/image"] });
    expect(result.files).toEqual([]);
  });

  it("a registry that is not there", async () => {
    const host = `127.0.0.1:${await findFreePort()}`;
    const result = await pull(`oci://${host}/charts/web:1.0.0`);
    expectFailure(result, { code: 2, reason: "connection-refused", says: [host] });
    expect(result.files).toEqual([]);
  });

  it.each([
    ["other bytes of the same length", (bytes: Buffer) => Buffer.alloc(bytes.byteLength, 7)],
    ["half of the bytes", (bytes: Buffer) => bytes.subarray(0, bytes.byteLength >> 1)],
    ["more bytes", (bytes: Buffer) => Buffer.concat([bytes, Buffer.from("more")])],
  ])("a registry that answers %s for the blob", async (_what, forge) => {
    const bytes = readFileSync(join(examples, "harbour-web-1.3.0.tgz"));
    const liar = await startProxy(registry.url, {
      intercept(request, response) {
        if (!(request.url ?? "").includes(`/blobs/${digestOf(bytes)}`)) return false;
        response.writeHead(200, { "content-type": "application/octet-stream" }).end(forge(bytes));
        return true;
      },
    });
    const result = await pull(`oci://${liar.host}/charts/harbour-web:1.3.0`);
    await liar.stop();
    expect(result.code).not.toBe(0);
    expectFailure(result, { code: result.code, reason: ["digest-mismatch", "size-mismatch"], says: [liar.host, "harbour-web"] });
    expect({ files: result.files, stdout: result.stdout }).toEqual({ files: [], stdout: "" });
  });

  it("a registry that answers another manifest than the digest asked for", async () => {
    const wanted = await digestOfTag(registry.url, "charts/tide-tables", "2.0.0_spring.1");
    const other = await digestOfTag(registry.url, "charts/tide-tables", "2.0.0_spring.2");
    const otherText = await (await fetch(`${registry.url}/v2/charts/tide-tables/manifests/${other}`)).text();
    const liar = await startProxy(registry.url, {
      intercept(request, response) {
        if (!(request.url ?? "").endsWith(`/manifests/${wanted}`)) return false;
        response.writeHead(200, { "content-type": "application/vnd.oci.image.manifest.v1+json" }).end(otherText);
        return true;
      },
    });
    const result = await pull(`oci://${liar.host}/charts/tide-tables@${wanted}`);
    await liar.stop();
    expectFailure(result, { code: 1, reason: "digest-mismatch", says: ["tide-tables"] });
    expect(result.files).toEqual([]);
  });

  it("a connection that breaks off for good in the middle of the blob", async () => {
    const bytes = readFileSync(join(examples, "harbour-web-1.3.0.tgz"));
    const cutting = await startProxy(registry.url, {
      intercept(request, response) {
        if (!(request.url ?? "").includes(`/blobs/${digestOf(bytes)}`)) return false;
        response.writeHead(200, { "content-length": bytes.byteLength });
        response.write(bytes.subarray(0, 100), () => response.destroy());
        return true;
      },
    });
    const result = await pull(`oci://${cutting.host}/charts/harbour-web:1.3.0`);
    await cutting.stop();
    expect(result.code).not.toBe(0);
    expectFailure(result, { code: result.code, reason: ["connection-lost", "size-mismatch", "digest-mismatch"], says: [cutting.host] });
    expect(result.files).toEqual([]);
  });

  it("a destination that is a file, or lies below one, before the registry is asked", async () => {
    const file = join(scratch, "a-file");
    writeFileSync(file, "mine");
    const before = proxy.requests.length;
    for (const destination of [file, join(file, "below")]) {
      const args = ["pull", `oci://${proxy.host}/charts/harbour-web:1.3.0`, "--destination", destination];
      const result = await runChartferry(args, { home: scratch });
      expectFailure(result, { code: 2, reason: "file-unwritable", says: [destination, "is a file, not a folder", "--destination"] });
    }
    expect(proxy.requests.length).toBe(before);
  });
});

describeWith(["helm3", "helm4"], "what chartferry pulls", () => {
  it("is what helm pulls, under the same name", async () => {
    const ours = await pull(`oci://${registry.host}/charts/tide-tables:2.0.0+spring.1`);
    for (const name of ["helm3", "helm4"] as const) {
      const helm = makeHelm(name);
      const args = ["pull", `oci://${registry.host}/charts/tide-tables`, "--version", "2.0.0+spring.1", "--plain-http", "-d", helm.home];
      await helm.output(args);
      expect(digestOf(readFileSync(join(helm.home, PLUS)))).toBe(digestOf(readFileSync(join(ours.folder, PLUS))));
      helm.remove();
    }
  });
});
