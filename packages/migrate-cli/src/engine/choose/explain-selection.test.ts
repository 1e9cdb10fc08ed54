import { describe, expect, it } from "vitest";

import { watchSelection } from "./explain-selection.ts";
import type { Selection } from "./select-entries.ts";

function notesOn(selection: Selection, charts: readonly string[]): string[] {
  const watched = watchSelection(selection, 0);
  for (const chart of charts) watched.filter.leftOutBy({ chart, version: "1.0.0" });
  return watched.notes().map(({ code, text }) => `${code}: ${text}`);
}

describe("what a selection says afterwards", () => {
  it("is nothing where something was selected", () => {
    expect(notesOn({ charts: ["web*"], exclude: ["db"], versionRange: ">=1" }, ["web", "db"])).toEqual([]);
    expect(notesOn({}, ["web"])).toEqual([]);
  });

  it("is that the index is empty where the source has nothing, whatever was selected", () => {
    for (const selection of [{}, { charts: ["web*"] }])
      expect(notesOn(selection, [])).toEqual(["index-empty: the source has no versions: its index is empty"]);
  });

  it("names the charts there are when none matches", () => {
    expect(notesOn({ charts: ["no-such*"] }, ["web", "db", "db"])).toEqual([
      "nothing-selected: none of the 3 versions of the source is selected",
      'chart-not-found: no chart of the source matches "no-such*"; the source has db, web',
    ]);
  });

  it("names the nearest of many", () => {
    const charts = ["harbour", "harbour-tools", "pier", "quay", "crane", "dock", "lock", "buoy"];
    expect(notesOn({ charts: ["harbor"] }, charts)[1]).toMatch(/; the nearest names are harbour, /u);
    expect(notesOn({ charts: ["Tools"] }, charts)[1]).toMatch(/; the nearest names are harbour-tools, /u);
    expect(notesOn({ charts: ["harbor"] }, charts)[1]?.split(", ")).toHaveLength(5);
  });

  it("warns of one name that is not there among others that are", () => {
    expect(notesOn({ charts: ["web", "wed"] }, ["web", "db"])).toEqual([
      'chart-not-found: no chart of the source matches "wed"; the source has web, db',
    ]);
  });

  it("blames range and exclusions when every chart that was named is there", () => {
    expect(notesOn({ charts: ["web"], exclude: ["w*"], versionRange: ">=2" }, ["web"])).toEqual([
      'nothing-selected: none of the 1 versions of the source is selected: look at the charts that are not excluded and at the range ">=2"',
    ]);
  });

  it("blames every other filter that may have left everything out", () => {
    expect(notesOn({ prerelease: "only", skipDeprecated: true, since: 1, until: 2, minAgeMs: 3, latest: 4 }, ["web"])).toEqual([
      "nothing-selected: none of the 1 versions of the source is selected: " +
        "look at --prerelease and at --skip-deprecated and at --since and at --until and at --min-age",
    ]);
  });

  it("shows nothing of hostile names that could move a cursor, and remembers a bounded number", () => {
    const charts = Array.from({ length: 5000 }, (_, index) => `chart-${index}`);
    expect(notesOn({ charts: ["x"] }, ["\u001b[2Jevil", "web", ""])[1]).toMatch(/; the source has web, evil$/u);
    expect(notesOn({ charts: ["chart-4999x"] }, charts)[1]).not.toContain("chart-4999,");
  });
});
