import { describe, expect, it } from "vitest";

import { compareVersions, readVersion } from "./version-order.ts";
import { parseVersionRange } from "./version-range.ts";

const cases: readonly (readonly [string, string, boolean])[] = [
  ["", "1.2.3", true],
  ["*", "1.2.3", true],
  ["*", "1.2.3-beta.1", false],
  [">=0.0.0-0", "1.2.3-beta.1", true],
  ["1.2.3", "1.2.3", true],
  ["1.2.3", "1.2.3+build.7", true],
  ["1.2.3", "v1.2.3", true],
  ["=1.2", "1.2.9", true],
  ["1", "1.9.9", true],
  ["1.x", "2.0.0", false],
  [">1", "1.9.9", false],
  [">1", "2.0.0", true],
  [">1.2", "1.2.9", false],
  [">1.2", "1.3.0", true],
  ["<=1", "1.9.9", true],
  ["<=1.2", "1.3.0", false],
  ["<1", "0.9.0", true],
  [">=1.2 <2", "1.9.0", true],
  [">=1.2,<2", "2.0.0", false],
  [">= 1.2 , < 2", "1.2.0", true],
  ["1.0.0 - 1.4", "1.4.9", true],
  ["1.0.0 - 1.4", "1.5.0", false],
  ["^1.2.3", "1.99.0", true],
  ["^1.2.3", "2.0.0", false],
  ["^0.2.3", "0.2.9", true],
  ["^0.2.3", "0.3.0", false],
  ["^0.0", "0.0.7", true],
  ["^0.0", "0.1.0", false],
  ["^0.0.3", "0.0.4", false],
  ["~1.2.3", "1.2.9", true],
  ["~1.2.3", "1.3.0", false],
  ["~>1", "1.7.0", true],
  ["~0.0.0", "7.1.0", true],
  ["!=1.2.3", "1.2.3", false],
  ["!=1.2", "1.2.5", false],
  ["!=1", "2.0.0", true],
  ["=>1.2", "1.2.0", true],
  ["=<1.2.0", "1.2.0", true],
  ["<1 || >=3", "3.1.0", true],
  ["<1 || >=3", "2.1.0", false],
  [">=1.0.0-alpha <2", "1.5.0-rc.1", true],
  [">=2.0.0-rc.2", "2.0.0-rc.10", true],
  ["1.2", "latest", false],
];

describe("parseVersionRange", () => {
  it.each(cases)("%j and %s: %s", (range, version, expected) => {
    expect(parseVersionRange(range)?.(version)).toBe(expected);
  });

  it.each(["banana", ">=", "1.2.3 banana", "1..2", "||| x y", "1.2.3.4"])("refuses %j", (range) => {
    expect(parseVersionRange(range)).toBeUndefined();
  });

  it("answers at once for a range made to be slow", () => {
    expect(parseVersionRange(`${"1 ".repeat(400)}!`)).toBeUndefined();
    expect(parseVersionRange("1".repeat(5000))).toBeUndefined();
  });
});

describe("compareVersions", () => {
  it("orders as semver.org does, with numbers beyond 2^53", () => {
    const texts = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0", "1.0.9007199254740993"];
    const shuffled = texts.toReversed();
    shuffled.sort((left, right) => compareVersions(readVersion(left)!, readVersion(right)!));
    expect(shuffled).toEqual(texts);
  });
});
