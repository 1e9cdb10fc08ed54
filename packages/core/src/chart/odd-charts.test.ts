import { createHash } from "node:crypto";

import { describe, expect, it } from "vitest";

import { manifestAnnotations } from "../manifest/annotations.ts";
import { helmRefuses } from "./chart-notes.ts";
import { annotationsJson, configJson } from "./config-json.ts";
import { readChart } from "./read-chart.ts";
import { buildArchive } from "./testing/build-archive.ts";
import { oddChartCreated, oddChartDigests } from "./testing/odd-chart-digests.ts";
import { oddCharts } from "./testing/odd-charts.ts";

describe("config and annotations of odd charts are Helm's", () => {
  it.each(oddCharts)("$title", async ({ title, files }) => {
    const archive = buildArchive(files.map(([name, content]) => ({ name: `chart/${name}`, content })));
    const { metadata, notes } = await readChart(archive);
    const written = `${configJson(metadata)}\n${annotationsJson(manifestAnnotations(metadata, oddChartCreated))}`;
    expect(createHash("sha256").update(written).digest("hex"), written).toBe(oddChartDigests[title]);
    expect(notes.filter(helmRefuses)).toEqual([]);
  });

  it("has one digest for each", () => {
    expect(Object.keys(oddChartDigests).toSorted()).toEqual(oddCharts.map(({ title }) => title).toSorted());
  });
});
