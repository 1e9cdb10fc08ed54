import { describe, expect, it } from "vitest";

import { readChart } from "./read-chart.ts";
import { buildArchive, buildChart, buildSmallChart } from "./testing/build-archive.ts";

const head = "apiVersion: v2\nname: small\nversion: 1.0.0\n";

async function codes(archive: Uint8Array): Promise<string[]> {
  return (await readChart(archive)).notes.map(({ code }) => code);
}

describe("readChart", () => {
  it("reads metadata and the time of Chart.yaml", async () => {
    const archive = buildArchive([{ name: "any/Chart.yaml", content: head, modified: 12_345 }]);
    expect(await readChart(archive)).toEqual({
      metadata: { name: "small", version: "1.0.0", apiVersion: "v2" },
      notes: [],
      chartYamlTime: 12_345,
    });
  });

  it.each([
    ["another folder name", [{ name: "other/Chart.yaml", content: head }]],
    ["several roots", [{ name: "b/values.yaml" }, { name: "a/Chart.yaml", content: head }]],
    ["backslashes", [{ name: String.raw`small\Chart.yaml`, content: head }]],
    ["a dot as the first element", [{ name: "./Chart.yaml", content: head }]],
    ["a leading slash", [{ name: "/Chart.yaml", content: head }]],
    ["a longer way", [{ name: "a/x/.././Chart.yaml", content: head }]],
    [
      "folders and global headers",
      [
        { name: "g", type: "g", content: "11 a=bcdef\n" },
        { name: "a/", type: "5" },
        { name: "a/Chart.yaml", content: head },
      ],
    ],
    ["requirements.yaml alone", [{ name: "a/requirements.yaml", content: head }]],
  ])("finds Chart.yaml with %s, without a remark", async (_what, entries) => {
    expect(await readChart(buildArchive(entries))).toMatchObject({ metadata: { name: "small" }, notes: [] });
  });

  it.each([
    ["absolute-path", "a//x", undefined],
    ["parent-path", "a/../../x", undefined],
    ["parent-path", "a/..foo", undefined],
    ["drive-path", "a/c:/x", undefined],
    ["content-outside-base", "x", undefined],
    ["link", "a/x", "2"],
    ["link", "a/x", "1"],
    ["duplicate-entry", "a/Chart.yaml", undefined],
  ])("remarks %s on the entry %s of type %s and goes on", async (code, name, type) => {
    const odd = { name, ...(type === undefined ? {} : { type, linkName: "/etc/passwd" }) };
    const archive = buildArchive([odd, { name: "a/Chart.yaml", content: head }]);
    expect(await codes(archive)).toEqual([code]);
  });

  it("takes name and version from a Chart.yaml beside the folder where there is no other", async () => {
    const { metadata, notes } = await readChart(buildArchive([{ name: "Chart.yaml", content: head }]));
    expect(metadata.name).toBe("small");
    expect(notes).toEqual([expect.objectContaining({ code: "content-outside-base" })]);
  });

  it.each([
    ["invalid-type", "type: operator\n"],
    ["invalid-alias", "dependencies: [{name: a, alias: 'a b'}]\n"],
    ["duplicate-dependency", "dependencies: [{name: a}, {name: b, alias: a}]\n"],
    ["empty-list-entry", "maintainers: [~]\n"],
    ["empty-list-entry", "dependencies: [~]\n"],
    ["bad-chart-yaml", "description: {a: b}\n"],
    ["bad-chart-yaml", "deprecated: 'true'\n"],
    ["bad-chart-yaml", "unknown: .nan\n"],
    ["bad-chart-yaml", "~: x\n"],
    ["bad-chart-yaml", "<<: x\n"],
    ["not-text", "description: a\u0001b\n"],
  ])("remarks %s on %j and keeps what can be had", async (code, more) => {
    const archive = buildSmallChart({}, {});
    expect(await codes(archive)).toEqual([]);
    const { metadata, notes } = await readChart(buildChart({ "Chart.yaml": head + more }));
    expect(metadata.name).toBe("small");
    expect(notes.map((note) => note.code)).toEqual([code]);
  });

  it.each([
    ["leading-v", "v1.0.0"],
    ["two-part-version", "1.2"],
    ["loose-version", "01.2.3"],
  ])("remarks %s on version %s", async (code, version) => {
    expect(await codes(buildSmallChart({ version }))).toEqual([code]);
  });

  it.each([
    ["bad-values-yaml", { "values.yaml": "a: [" }],
    ["bad-values-yaml", { "values.yaml": "- a\n" }],
    ["bad-values-yaml", { "values.yaml": "a: .nan\n" }],
    ["several-values-documents", { "values.yaml": "---\na: 1\n---\nb: 2\n" }],
    ["bad-lock", { "Chart.lock": "generated: yesterday\n" }],
    ["bad-lock", { "requirements.lock": "dependencies: x\n" }],
    ["bad-requirements-yaml", { "requirements.yaml": "dependencies: [" }],
    ["bad-subchart", { "charts/README.md": "x" }],
    ["bad-subchart", { "charts/a/values.yaml": "x: 1\n" }],
    ["bad-subchart", { "charts/a/Chart.yaml": "name: a\n" }],
    ["bad-subchart", { "charts/a.tgz": "not gzip" }],
    ["bad-subchart", { "charts/a.tgz": buildChart({ "Chart.yaml": "name: a\nversion: x\n" }) }],
    ["bad-subchart", { "charts/a.tgz": buildSmallChart({}, { "charts/b.tgz": buildSmallChart({}, { "values.yaml": "[" }) }) }],
  ])("remarks %s, which Helm would not load, on %j", async (code, files) => {
    expect(await codes(buildSmallChart({}, files))).toEqual([code]);
  });

  it("has nothing to remark on what Helm loads", async () => {
    const files = {
      "values.yaml": "---\na: &x {b: 1}\nc: *x\n",
      "Chart.lock": "generated: '2020-01-01T00:00:00.5+01:00'\ndigest: sha256:0\ndependencies: [{name: a}]\n",
      "charts/a/Chart.yaml": "name: a\nversion: 1\n",
      "charts/b.tgz": buildSmallChart(),
      "charts/b.tgz.prov": "x",
      "charts/_note": "x",
      "charts/.hidden": "x",
    };
    expect(await codes(buildSmallChart({}, files))).toEqual([]);
  });

  it("leaves nested archives alone when only the identity is asked for", async () => {
    const archive = buildSmallChart({}, { "charts/a.tgz": "not gzip", "values.yaml": "[" });
    expect((await readChart(archive, { check: "identity" })).notes).toEqual([]);
  });

  it("reads a stream as it reads bytes", async () => {
    const archive = buildSmallChart({}, { "values.yaml": `a: ${"x".repeat(200_000)}\n` });
    async function* drip(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < archive.byteLength; at += 3) yield archive.subarray(at, at + 3);
    }
    expect(await readChart(drip())).toEqual(await readChart(archive));
  });

  it.each([
    ["no Chart.yaml", { "values.yaml": "a: 1\n" }, "no Chart.yaml"],
    ["no name", { "Chart.yaml": "version: 1.0.0\n" }, "no name"],
    ["no version", { "Chart.yaml": "name: a\n" }, "no version"],
    ["a path as name", { "Chart.yaml": "name: ../a\nversion: 1.0.0\n" }, "not allowed"],
    ["a dot as name", { "Chart.yaml": "name: .\nversion: 1.0.0\n" }, "not allowed"],
    ["a slash as name", { "Chart.yaml": "name: /\nversion: 1.0.0\n" }, "not allowed"],
    ["no version at all in version", { "Chart.yaml": "name: a\nversion: latest\n" }, "not a version"],
    ["YAML that cannot be read", { "Chart.yaml": "name: [\n" }, "cannot be read"],
    ["another kind of YAML", { "Chart.yaml": "- a\n" }, "not a map"],
  ])("refuses a chart with %s", async (_what, files, reason) => {
    await expect(readChart(buildChart(files))).rejects.toMatchObject({ code: "chart-invalid", message: expect.stringContaining(reason) });
  });

  it.each([["<html>"], [""], ["\u001F"]])("refuses what is not gzip: %j", async (text) => {
    await expect(readChart(Buffer.from(text))).rejects.toMatchObject({ code: "archive-invalid" });
  });
});
