import { describe, expect, it } from "vitest";

import { matchesGlob } from "./glob.ts";
import { createEntryFilter, type SelectableEntry, type Selection } from "./select-entries.ts";

describe("matchesGlob", () => {
  it.each([
    ["web", "web", true],
    ["web", "webs", false],
    ["web*", "webs", true],
    ["*", "", true],
    ["*-operator", "cert-operator", true],
    ["a*b*c", "a--b--c", true],
    ["a*b*c", "a--c--b", false],
    ["we?", "web", true],
    ["we?", "we", false],
    ["a.c", "abc", false],
    ["[ab]", "a", false],
  ] as const)("%s against %s: %s", (pattern, text, expected) => {
    expect(matchesGlob(pattern, text)).toBe(expected);
  });
});

describe("createEntryFilter", () => {
  const now = Date.parse("2024-06-30T12:00:00Z");
  const leftOut = (selection: Selection, entry: Partial<SelectableEntry>): string | undefined =>
    createEntryFilter(selection, now).leftOutBy({ chart: "web", version: "1.0.0", ...entry });

  it("takes everything by default", () => {
    expect(createEntryFilter({}, now).active).toEqual([]);
    expect(leftOut({}, { version: "not a version", deprecated: true })).toBeUndefined();
  });

  it("applies charts, then exclusions, then the range", () => {
    const selection = { charts: ["web*"], exclude: ["web-old"], versionRange: ">=2" };
    expect(leftOut(selection, { version: "2.1.0" })).toBeUndefined();
    expect(leftOut(selection, { chart: "web-old", version: "1.0.0" })).toBe("exclude");
    expect(leftOut(selection, { version: "1.9.0" })).toBe("version");
    expect(leftOut(selection, { chart: "db", version: "2.1.0" })).toBe("chart");
    expect(createEntryFilter(selection, now).active).toEqual(["chart", "exclude", "version"]);
  });

  it("says what a range looks like when it cannot read one", () => {
    expect(() => createEntryFilter({ versionRange: "banana" }, now)).toThrow(expect.objectContaining({ code: "usage" }));
  });

  it.each([
    ["exclude", "1.0.0-rc.1", "prerelease"],
    ["exclude", "1.0.0+build-1", undefined],
    ["exclude", "v1.0.0-0", "prerelease"],
    ["exclude", "nonsense-1", undefined],
    ["only", "1.0.0-rc.1", undefined],
    ["only", "1.0.0", "prerelease"],
    ["include", "1.0.0-rc.1", undefined],
  ] as const)("--prerelease %s and %s: %s", (prerelease, version, expected) => {
    expect(leftOut({ prerelease }, { version })).toBe(expected);
  });

  it("leaves out what is deprecated only where that is asked for", () => {
    expect(leftOut({ skipDeprecated: true }, { deprecated: true })).toBe("deprecated");
    expect(leftOut({ skipDeprecated: true }, { deprecated: false })).toBeUndefined();
    expect(leftOut({ skipDeprecated: false }, { deprecated: true })).toBeUndefined();
  });

  it("takes both ends of a span of time, in whatever zone the index writes", () => {
    const selection = { since: Date.parse("2024-01-01T00:00:00Z"), until: Date.parse("2024-02-01T00:00:00Z") };
    expect(leftOut(selection, { created: "2024-01-01T01:00:00+01:00" })).toBeUndefined();
    expect(leftOut(selection, { created: "2024-01-01T00:59:59+01:00" })).toBe("since");
    expect(leftOut(selection, { created: "2024-02-01T00:00:00.999Z" })).toBeUndefined();
    expect(leftOut(selection, { created: "2024-02-01T00:00:01Z" })).toBe("until");
  });

  it("counts the age from the run's own time", () => {
    const selection = { minAgeMs: 7 * 86_400_000 };
    expect(leftOut(selection, { created: "2024-06-23T12:00:00Z" })).toBeUndefined();
    expect(leftOut(selection, { created: "2024-06-23T12:00:01Z" })).toBe("min-age");
    expect(leftOut(selection, { created: "2031-01-01T00:00:00Z" })).toBe("min-age");
  });

  it.each([undefined, "yesterday", "0001-01-01T00:00:00Z"])("keeps what gives no time (%s) in a span, and has no age for it", (created) => {
    const entry = created === undefined ? {} : { created };
    expect(leftOut({ since: now }, entry)).toBeUndefined();
    expect(leftOut({ until: 0 }, entry)).toBeUndefined();
    expect(leftOut({ minAgeMs: 1 }, entry)).toBe("min-age");
  });
});
