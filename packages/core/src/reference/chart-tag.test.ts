import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { isTag, tagOf, versionOf } from "./chart-tag.ts";
import { checkRepository, chartRepository, repositoryProblem } from "./repository-name.ts";

describe("tags of versions", () => {
  it("swaps plus and underscore, and back", () => {
    const version = fc.stringMatching(/^\d{1,3}\.\d{1,3}\.\d{1,3}(-[a-z0-9.]{1,8})?(\+[a-z0-9.]{1,8})?$/);
    fc.assert(
      fc.property(version, (text) => {
        expect(isTag(tagOf(text))).toBe(true);
        expect(versionOf(tagOf(text))).toBe(text);
      }),
    );
  });

  it.each([["1.0.0 x"], [""], [".1"], ["1".repeat(129)]])("refuses %j, which no registry takes", (version) => {
    expect(() => tagOf(version)).toThrow(expect.objectContaining({ code: "name-invalid" }));
  });

  it("accepts 128 characters", () => {
    expect(tagOf("1".repeat(128))).toHaveLength(128);
  });
});

describe("repository names", () => {
  it.each(["a", "a/b/c", "a.b", "a_b", "a__b", "a--b", "1/2"])("accepts %s", (name) => {
    expect(repositoryProblem(name)).toBeUndefined();
  });

  it.each([
    ["A/b", "upper-case"],
    ["a//b", "empty"],
    ["a/", "empty"],
    ["", "empty"],
    ["a___b", "must start and end"],
    ["-a", "must start and end"],
    ["a..b", "must start and end"],
    ["a/b c", 'the character " "'],
    ["ä", "the character"],
    ["a".repeat(256), "256 characters"],
  ])("refuses %s and says why", (name, reason) => {
    expect(repositoryProblem(name)).toContain(reason);
  });

  it("names the way out of upper case", () => {
    expect(() => checkRepository("My-Chart")).toThrow(
      expect.objectContaining({ code: "name-invalid", hint: expect.stringContaining("lower case") }),
    );
  });

  it("joins namespace and chart as helm push does", () => {
    expect(chartRepository("a/b", "c")).toBe("a/b/c");
    expect(chartRepository("", "c")).toBe("c");
  });
});
