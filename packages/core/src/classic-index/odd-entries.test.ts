import { describe, expect, it } from "vitest";

import { readIndexText } from "./testing/read-index-text.ts";

const hex = "a9bc374461e31cb1429021a898ef83d0a650783033f3bc121ed536ad99301bbc";
const end = 'generated: "2026-06-03T13:44:10Z"\n';

function item(name: string, version: string, more = ""): string {
  return `  - apiVersion: v1\n${more}    digest: ${hex}\n    name: ${name}\n    urls:\n    - ${name}-${version}.tgz\n    version: ${version}\n`;
}

async function one(fields: string): Promise<{ digest: string | undefined; notes: string[] }> {
  const { entries } = await readIndexText(`apiVersion: v1\nentries:\n  web:\n  - version: 1.0.0\n${fields}    urls: [a.tgz]\n${end}`);
  return { digest: entries[0]?.digest, notes: entries[0]?.notes.map(({ code }) => code) ?? ["no entry"] };
}

describe("a bad entry never hides the good ones", () => {
  const bad: [string, string, string, string][] = [
    ["null", "  -\n", "", "the entry is null"],
    ["a text", "  - just text\n", "", "no map of fields"],
    ["broken YAML", '  - name: "web\n    version: 1.0.0\n', "1.0.0", "no valid YAML"],
    ["a tab", "  - name: web\n\tversion: 1.0.0\n    version: 1.0.0\n", "1.0.0", "no valid YAML"],
    ["no version", "  - name: web\n    urls: [a]\n", "", "no version"],
    ["a version that is a map", "  - version: {a: b}\n    urls: [a]\n", "", "no version"],
    ["a version that is none", "  - version: latest\n    urls: [a]\n", "latest", "no semantic version"],
    ["no urls", "  - version: 1.0.0\n", "1.0.0", "no urls"],
    ["urls of the wrong type", "  - version: 1.0.0\n    urls: [{a: b}, null]\n", "1.0.0", "no urls"],
    ["absurd nesting", `  - version: 1.0.0\n    urls: ${"[".repeat(20_000)}\n`, "1.0.0", "nesting exceeded"],
  ];

  it.each(bad)("%s becomes a problem with its line", async (...[, text, version, reason]) => {
    const { entries, problems } = await readIndexText(
      `apiVersion: v1\nentries:\n  web:\n${item("web", "0.1.0")}${text}${item("web", "0.2.0")}${end}`,
    );
    expect(entries.map((entry) => entry.version)).toEqual(["0.1.0", "0.2.0"]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ chart: "web", version });
    expect(problems[0]?.message).toContain(reason.replace("no semantic", "not a semantic"));
    expect(problems[0]?.message).toMatch(/line \d+/);
  });

  it.each<[string, string]>([
    ["  - ~\n", "the entry is null"],
    ["  -\n", "the entry is null"],
    ["  zz:\n  - name: zz\n    version: 1.0.0\n", "no urls"],
    ["  - description: x\n", "no version"],
    ["  - name: web\n    description: a: b\n    urls: [a]\n    version: 1.0.0\n", "no valid YAML"],
    ["  - foo\n", "no map of fields"],
    ['  - "open\n', "no valid YAML"],
  ])("not even as the last one, with nothing behind it: %j", async (last, reason) => {
    const text = `apiVersion: v1\nentries:\n  web:\n${item("web", "0.1.0")}${last}`;
    for (const [index, lengthVerified] of [
      [text, false],
      [text.trimEnd(), true],
    ] as const) {
      const { entries, problems, notes } = await readIndexText(index, { lengthVerified });
      expect([entries.map(({ version }) => version), notes]).toEqual([["0.1.0"], ["index-end-unknown"]]);
      expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining(reason)]);
    }
  });

  it("an entry above the limit is named and left out, however long its lines are", async () => {
    const long = `    annotations:\n      text: ${"x".repeat(9_000)}\n    description: |\n${"      a line\n".repeat(900)}`;
    const text = `apiVersion: v1\nentries:\n  web:\n${item("web", "0.1.0")}${item("web", "0.2.0", long)}${item("web", "0.3.0")}${end}`;
    for (const chunkBytes of [100, 65_536]) {
      const { entries, problems } = await readIndexText(text, { entryLimit: 4096, chunkBytes });
      expect(entries.map((entry) => entry.version)).toEqual(["0.1.0", "0.3.0"]);
      expect(problems).toEqual([{ chart: "web", version: "0.2.0", message: expect.stringContaining("larger than 4096 bytes") }]);
    }
  });

  it("a line above the limit that may name a chart is never thrown away: the file is parsed as a whole", async () => {
    const text = `apiVersion: v1\nentries:\n  a:\n  - version: 1.0.0\n    urls: [x]\n  b:${" ".repeat(3_000)}# x\n  - version: 2.0.0\n    urls: [x]\n${end}`;
    for (const chunkBytes of [500, 65_536]) {
      const { entries, problems } = await readIndexText(text, { entryLimit: 1000, chunkBytes });
      expect([entries.map(({ chart, version }) => `${chart} ${version}`), problems]).toEqual([["a 1.0.0", "b 2.0.0"], []]);
    }
  });

  it.each([
    [1000, ["0.1.0", "0.2.0"], []],
    [999, ["0.1.0"], ["0.2.0"]],
  ])("an entry of 1000 bytes with a limit of %i gives the versions %j and the problems %j", async (entryLimit, good, refused) => {
    const entry = item("web", "0.2.0", `    description: ${"x".repeat(1000)}\n`);
    // Without the last line end.
    const exact = entry.replace("x".repeat(entry.length - 1001), "");
    const text = `apiVersion: v1\nentries:\n  web:\n${item("web", "0.1.0")}${exact}${end}`;
    const { entries, problems } = await readIndexText(text, { entryLimit });
    expect([entries.map(({ version }) => version), problems.map(({ version }) => version)]).toEqual([good, refused]);
  });

  it("a dash that stands left of the others of its chart begins no entry", async () => {
    const text = `apiVersion: v1\nentries:\n  web:\n    - version: 1.0.0\n      urls: [x]\n   - version: 2.0.0\n     urls: [x]\n  api:\n  - version: 3.0.0\n    urls: [x]\n${end}`;
    const { entries, codes } = await readIndexText(text);
    expect([entries.map(({ version }) => version), codes]).toEqual([["3.0.0"], ["entry-invalid"]]);
  });

  it("a chart whose value is no list is one problem", async () => {
    const { entries, problems } = await readIndexText(
      `apiVersion: v1\nentries:\n  odd: text\n  map:\n    a: b\n  none: []\n  web:\n${item("web", "1.0.0")}${end}`,
    );
    expect([entries.length, problems.map(({ chart }) => chart)]).toEqual([1, ["odd", "map"]]);
  });

  it("names with path parts are refused", async () => {
    const text = `apiVersion: v1\nentries:\n  ../evil:\n${item("evil", "1.0.0")}  ..:\n${item("x", "1.0.0")}  web:\n${item("web", "1.0.0")}${end}`;
    const { entries, problems } = await readIndexText(text);
    expect([entries.map(({ chart }) => chart), problems.map(({ chart }) => chart)]).toEqual([["web"], ["../evil", ".."]]);
  });

  it("keys of Object's prototype are keys like any other", async () => {
    const text = `apiVersion: v1\nentries:\n  constructor:\n${item("constructor", "1.0.0")}  __proto__:\n${item("__proto__", "1.0.0", "    __proto__: {version: 9.0.0}\n")}${end}`;
    const { entries } = await readIndexText(text);
    expect(entries.map(({ chart, version }) => `${chart} ${version}`)).toEqual(["constructor 1.0.0", "__proto__ 1.0.0"]);
    expect(({} as { version?: string }).version).toBeUndefined();
  });
});

describe("odd entries", () => {
  it.each([
    [`    name: web\n    digest: ${hex}\n`, `sha256:${hex}`, []],
    [`    name: web\n    digest: sha256:${hex.toUpperCase()}\n`, `sha256:${hex}`, []],
    ["    name: web\n    digest: abc\n", undefined, ["digest-unreadable"]],
    [`    name: web\n    digest: sha512:${hex}${hex}\n`, undefined, ["digest-unreadable"]],
    ["    name: web\n    digest: [1]\n", undefined, ["digest-unreadable"]],
    ["    name: web\n    digest:\n", undefined, []],
    ["    name: other\n", undefined, ["name-differs"]],
    ["    name: web\n    removed: true\n", undefined, ["marked-removed"]],
    ["    name: web\n    description: a\n    description: b\n", undefined, ["duplicate-key"]],
  ])("%j is read with remarks", async (fields, digest, notes) => {
    expect(await one(fields)).toEqual({ digest, notes });
  });

  it("a version that stands twice counts once; with another digest it is a problem", async () => {
    const other = item("web", "1.0.0").replace(hex, "b".repeat(64));
    const text = `apiVersion: v1\nentries:\n  web:\n${item("web", "1.0.0")}${item("web", "1.0.0")}  api:\n${item("api", "1.0.0")}  web:\n${other}${item("web", "2.0.0")}${end}`;
    const { entries, problems, notes } = await readIndexText(text);
    expect(entries.map(({ chart, version }) => `${chart} ${version}`)).toEqual(["web 1.0.0", "api 1.0.0", "web 2.0.0"]);
    expect(notes).toEqual(["duplicate-version"]);
    expect(problems).toEqual([{ chart: "web", version: "1.0.0", message: expect.stringContaining("twice with different digests") }]);
  });

  it("control characters of the index never reach a message", async () => {
    const { problems } = await readIndexText(`apiVersion: v1\nentries:\n  "w\u001b[31mb":\n  - version: 1.0.0\n${end}`);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).not.toMatch(/\p{Cc}/u);
  });
});
