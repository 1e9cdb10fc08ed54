import { expect, it } from "vitest";

import { createSeenVersions, watchCharts } from "./seen-versions.ts";
import { readIndexText } from "./testing/read-index-text.ts";
import { rememberVersion } from "./version-set.ts";

it("keeps the versions of one chart at a time, and for good those of a chart that comes again", () => {
  const order = ["a", "a", "b", "c", "b", "d"];
  const charts = watchCharts();
  for (const chart of order) charts.pass(chart);
  const seenOf = createSeenVersions(charts.repeated);
  const sizes = order.map((chart, number) => {
    const seen = seenOf(chart);
    rememberVersion(seen, `${chart} ${number}`, "");
    return seen.size;
  });
  // a, a; b for good; c in the place of a; b again; d in the place of c.
  expect(sizes).toEqual([1, 2, 1, 1, 2, 1]);
});

it.each([
  [
    "YAML",
    (charts: string) => `apiVersion: v1\nentries:\n${charts}generated: x\n`,
    (name: string, version: string) => `  ${name}:\n  - {version: ${version}, urls: [${name}]}\n`,
  ],
  [
    "JSON",
    (charts: string) => `{"apiVersion":"v1","entries":{${charts.slice(0, -1)}}}`,
    (name: string, version: string) => `"${name}":[{"version":"${version}","urls":["a"]}],`,
  ],
])("finds a version of %s that stands twice with other charts in between", async (_form, indexOf, chartOf) => {
  const [one, two] = [chartOf("web", "1.0.0"), chartOf("api", "1.0.0")];
  const { entries, notes } = await readIndexText(indexOf(one + two + one + chartOf("db", "1.0.0") + two));
  expect(entries.map(({ chart }) => chart)).toEqual(["web", "api", "db"]);
  expect(notes.filter((code) => code === "duplicate-version")).toHaveLength(2);
});
