import type { SourceEntry } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { indexWarnings } from "./index-warnings.ts";
import { asWarning } from "./warning-hints.ts";

const entry = (more: Partial<SourceEntry> = {}): SourceEntry => ({
  chart: "web",
  version: "1.0.0",
  digest: `sha256:${"0".repeat(64)}`,
  urls: ["https://new.example.com/charts/web-1.0.0.tgz"],
  notes: [],
  ...more,
});

function codes(found: ReturnType<typeof indexWarnings>): string[] {
  return found.map(({ code }) => code);
}

describe("what the index alone tells of a version", () => {
  it.each([
    [["1.0.0"], []],
    [["1.0.0-rc.1_build.7"], []],
    [["v1.0.0"], ["leading-v"]],
    [["1.2"], ["two-part-version"]],
    [["01.2.3"], ["loose-version"]],
    // One tag that ranges find is enough.
    [["1.0.0", "v1.0.0"], []],
  ])("of the tags %j", (tags, found) => {
    expect(codes(indexWarnings(entry(), tags, { homes: [], provenance: true, deep: false }))).toEqual(found);
  });

  it.each([
    ["https://old.example.com/charts", true],
    ["http://old.example.com/charts/", true],
    ["https://old.example.com/charts/index.yaml", true],
    ["https://OLD.example.com/charts/sub", true],
    ["https://old.example.com/charts-of-others", false],
    ["https://new.example.com/charts", true],
    ["oci://registry.example.com/charts", false],
    ["file://../db", false],
    ["@old", false],
  ])("of a dependency at %s", (repository, told) => {
    const dependencies = [{ name: "db", repository }];
    const found = indexWarnings(entry({ dependencies }), ["1.0.0"], {
      homes: ["https://old.example.com/charts"],
      provenance: true,
      deep: false,
    });
    expect(codes(found)).toEqual(told ? ["dependency-at-former-home"] : []);
    if (told) expect(found[0]).toMatchObject({ text: expect.stringContaining('"db"'), hint: expect.stringContaining("oci://") });
  });

  it("names a few of many dependencies", () => {
    const dependencies = ["a", "b", "c", "d", "e"].map((name) => ({ name, repository: "https://old.example.com" }));
    expect(
      indexWarnings(entry({ dependencies }), ["1.0.0"], { homes: ["https://old.example.com"], provenance: true, deep: false })[0]?.text,
    ).toContain('"a", "b", "c" and 2 more');
  });

  it.each([
    ["https://x.test/web-1.0.0.tgz", false],
    ["https://x.test/web-1.0.0%2Bb.tgz", true],
    ["https://x.test/download/web.tgz", true],
    ["https://x.test/download?id=7", false],
    ["oci://x.test/charts/web:1.0.0", false],
  ])("of a file at %s, whose provenance names what helm package wrote", (url, told) => {
    expect(codes(indexWarnings(entry({ urls: [url] }), ["1.0.0"], { homes: [], provenance: true, deep: false }))).toEqual(
      told ? ["file-named-otherwise"] : [],
    );
  });
});

it("of a file that is named otherwise only where helm pull saves the version under its own name", () => {
  const question = { homes: [], provenance: true, deep: false };
  const spelled = entry({ version: "v1.0.2", urls: ["https://x.test/web-1.0.2.tgz"] });
  expect(codes(indexWarnings(spelled, ["1.0.2"], question))).toEqual([]);
  expect(codes(indexWarnings(spelled, ["v1.0.2"], question))).toEqual(["leading-v", "file-named-otherwise"]);
  expect(codes(indexWarnings(spelled, ["1.0.2", "v1.0.2"], question))).toEqual(["file-named-otherwise"]);
  expect(codes(indexWarnings(spelled, ["v1.0.2"], { ...question, repository: "charts/other" }))).toEqual(["leading-v"]);
});

it("of a version without digest, unless a registry knows it or the chart is opened", () => {
  const { digest: _, ...bare } = entry();
  const question = { homes: [], provenance: true, deep: false };
  expect(codes(indexWarnings(bare, ["1.0.0"], question))).toEqual(["digest-missing"]);
  expect(codes(indexWarnings({ ...bare, urls: ["oci://x.test/web:1.0.0"] }, ["1.0.0"], question))).toEqual([]);
  expect(codes(indexWarnings(bare, ["1.0.0"], { ...question, deep: true }))).toEqual([]);
});

describe("a warning", () => {
  it.each(["leading-v", "digest-missing", "bad-subchart", "file-over-5-mib", "link", "never-heard-of", "constructor"])(
    "of the code %s has a hint",
    (code) => {
      expect(asWarning({ code, text: "x" }).hint).toMatch(/\w+ \w+/);
    },
  );

  it("keeps the hint that it came with", () => {
    expect(asWarning({ code: "leading-v", text: "x", hint: "do this" }).hint).toBe("do this");
  });
});
