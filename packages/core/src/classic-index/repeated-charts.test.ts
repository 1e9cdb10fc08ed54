import { describe, expect, it } from "vitest";

import { readIndexText } from "./testing/read-index-text.ts";

const end = 'generated: "2026-06-03T13:44:10Z"\n';

function aliased(version: string): string {
  return `  - <<: *base\n    version: ${version}\n`;
}

function one(version: string): string {
  return `{name: web, version: ${version}, urls: [a]}`;
}

describe("an index that names a chart twice", () => {
  it.each([
    ["JSON", (a: string, b: string) => `{"apiVersion":"v1","entries":{"web":[${a}],"w\\u0065b":[${b}]}}\n`],
    ["JSON with entries twice", (a: string, b: string) => `{"apiVersion":"v1","entries":{"web":[${a}]},"entries":{"web":[${b}]}}\n`],
    ["flow style", (a: string, b: string) => `{apiVersion: v1, entries: {web: [${a}], web: [${b}]}}\n`],
    ["flow style below a block key", (a: string, b: string) => `apiVersion: v1\nentries: {web: [${a}], web: [${b}]}\n`],
    ["block style", (a: string, b: string) => `apiVersion: v1\nentries:\n  web:\n  - ${a}\n  web:\n  - ${b}\n${end}`],
    [
      "block style with entries twice",
      (a: string, b: string) => `apiVersion: v1\nentries:\n  web:\n  - ${a}\nentries:\n  web:\n  - ${b}\n${end}`,
    ],
  ])("gives the versions of a chart that stands twice in %s", async (_what, write) => {
    const [a = "", b = ""] = ["1.0.0", "2.0.0"].map((version) => JSON.stringify({ name: "web", version, urls: ["}]"] }));
    const { entries, problems } = await readIndexText(write(a, b));
    expect([entries.map(({ chart, version }) => `${chart} ${version}`), problems]).toEqual([["web 1.0.0", "web 2.0.0"], []]);
  });

  it("never takes an entry with an anchor from the chart's other list", async () => {
    const base = "  - &base\n    name: web\n    version: 1.0.0\n    urls: [a.tgz]\n";
    const text = `apiVersion: v1\nentries:\n  base:\n${base}  web:\n${aliased("2.0.0")}  web:\n${aliased("3.0.0")}${end}`;
    const { entries, problems } = await readIndexText(text);
    expect(entries.map(({ version }) => version)).toEqual(["1.0.0"]);
    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining("twice"), expect.stringContaining("twice")]);
  });

  it("is a problem where its lists cannot be told apart", async () => {
    const text = `x: &x {web: [${one("1.0.0")}]}\napiVersion: v1\nentries: {<<: *x, api: [${one("1.0.0")}], api: [${one("2.0.0")}]}\n`;
    const { problems } = await readIndexText(text);
    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining("cannot be told")]);
  });

  it("is read in linear time as JSON", async () => {
    const started = performance.now();
    for (const filler of ['"', " ", "[[]", '\\"', "{}:"]) {
      await readIndexText(`{"a":${JSON.stringify(filler.repeat(500_000))},"entries":{},"entries":{"web":[]}}\n`);
    }
    expect(performance.now() - started).toBeLessThan(4_000);
  });

  it("is read as JSON whatever the length of its texts", async () => {
    for (const long of ["x".repeat(16_000_000), '\\"'.repeat(8_000_000)]) {
      const text = `{"entries":{"web":[{"version":"1.0.0","urls":["a"],"description":"${long}"}],"web":[{"version":"2.0.0","urls":["a"]},{"version":3.10}]}}`;
      const { entries, problems } = await readIndexText(text, { entryLimit: 20_000_000 });
      expect(entries.map(({ version }) => version)).toEqual(["1.0.0", "2.0.0"]);
      // As YAML it would have been a text.
      expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining("the version is a number")]);
    }
  });
});
