import { describe, expect, it } from "vitest";

import { matchesGlob } from "./glob.ts";
import { selectEntries } from "./select-entries.ts";

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

describe("selectEntries", () => {
  it("takes everything by default", () => {
    expect(selectEntries({})({ chart: "web", version: "not a version" })).toBe(true);
  });

  it("applies charts, then exclusions, then the range", () => {
    const test = selectEntries({ charts: ["web*"], exclude: ["web-old"], versionRange: ">=2" });
    expect(test({ chart: "web", version: "2.1.0" })).toBe(true);
    expect(test({ chart: "web-old", version: "2.1.0" })).toBe(false);
    expect(test({ chart: "web", version: "1.9.0" })).toBe(false);
    expect(test({ chart: "db", version: "2.1.0" })).toBe(false);
  });

  it("says what a range looks like when it cannot read one", () => {
    expect(() => selectEntries({ versionRange: "banana" })).toThrow(expect.objectContaining({ code: "usage" }));
  });
});
