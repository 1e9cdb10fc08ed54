import { describe, expect, it } from "vitest";

import { compareVersionTexts, isPrerelease } from "./version-order.ts";

describe("compareVersionTexts", () => {
  it("orders as Helm does, and in one way only where Helm sees no difference", () => {
    const ordered = [
      "nightly",
      "1.0.0-0",
      "1.0.0-alpha.2",
      "1.0.0-alpha.10",
      "1.0.0-beta",
      "1.0.0",
      "1.0.0+9",
      "1.0.0+10",
      "1.0.0+a",
      "v1.0.0+a",
      "1.1",
      "v1.2.0",
      "1.9.0",
      "1.10.0",
      "10.0.0",
    ];
    for (const texts of [ordered, ordered.toReversed()]) expect(texts.toSorted(compareVersionTexts)).toEqual(ordered);
  });
});

it.each([
  ["1.0.0-rc.1", true],
  ["v1.0-rc", true],
  ["1.0.0", false],
  ["1.0.0+build-1", false],
  ["nightly-1", false],
] as const)("%s is a pre-release: %s", (version, expected) => {
  expect(isPrerelease(version)).toBe(expected);
});
