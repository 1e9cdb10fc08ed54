import { existsSync, createReadStream } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { readClassicIndex } from "./read-classic-index.ts";
import { failureOf, readIndexText } from "./testing/read-index-text.ts";

const hex = "a9bc374461e31cb1429021a898ef83d0a650783033f3bc121ed536ad99301bbc";
const end = 'generated: "2026-06-03T13:44:10Z"\n';

function item(name: string, version: string, more = ""): string {
  return `  - apiVersion: v1\n${more}    digest: ${hex}\n    name: ${name}\n    urls:\n    - ${name}-${version}.tgz\n    version: ${version}\n`;
}

describe("a good index", () => {
  it("gives every version with the facts that are known before a download", async () => {
    const { entries } = await readIndexText(
      `apiVersion: v1\nentries:\n  web:\n${item("web", "1.0.0+a", '    appVersion: 392065e2\n    created: "2021-04-08T15:40:26.783Z"\n    deprecated: true\n    type: library\n')}${end}`,
    );
    expect(entries).toEqual([
      {
        chart: "web",
        version: "1.0.0+a",
        appVersion: "392065e2",
        created: "2021-04-08T15:40:26.783Z",
        deprecated: true,
        kind: "library",
        digest: `sha256:${hex}`,
        urls: ["web-1.0.0+a.tgz"],
        notes: [],
      },
    ]);
  });

  it("keeps the text of unquoted numbers: version 1.10 is not 1.1", async () => {
    const { entries } = await readIndexText(`apiVersion: v1\nentries:\n  web:\n${item("web", "1.10")}${end}`);
    expect(entries.map(({ version }) => version)).toEqual(["1.10"]);
  });

  it("is read whatever the other top-level keys hold and in whatever order they stand", async () => {
    const before = "annotations:\n  entries:\n  - no: entry\ngenerated: x\npublicKeys:\n- a\n- b\n";
    const after = "serverInfo: {contextPath: /x}\ntext: |\n  entries:\n    fake:\n    - version: 9\n";
    const { entries } = await readIndexText(`${before}entries:\n  web:\n${item("web", "1.0.0")}${after}apiVersion: v1\n`);
    expect(entries.map(({ chart, version }) => `${chart} ${version}`)).toEqual(["web 1.0.0"]);
  });

  it.each([
    ["CRLF line ends", (text: string) => text.replaceAll("\n", "\r\n")],
    ["a byte order mark", (text: string) => `\uFEFF${text}`],
    ["a document marker, a directive and a closing marker", (text: string) => `%YAML 1.1\n--- # index\n${text}...\n`],
    ["comments and blank lines anywhere", (text: string) => `# a\n\n${text.replaceAll("\n", "\n\n# note\n")}`],
    ["items indented below their chart", (text: string) => text.replaceAll(/^( {2}[ -] )/gm, "  $1")],
    ["quoted chart names", (text: string) => text.replace("  web:", '  "web":').replace("  api:", "  'api' :")],
    ["the dash on a line of its own", (text: string) => text.replaceAll("  - apiVersion", "  -\n    apiVersion")],
  ])("is read with %s", async (_what, change) => {
    const text = `apiVersion: v1\nentries:\n  web:\n${item("web", "1.0.0")}${item("web", "2.0.0")}  api:\n${item("api", "0.1.0")}${end}`;
    const { entries, problems } = await readIndexText(change(text));
    expect(problems).toEqual([]);
    expect(entries.map(({ chart, version }) => `${chart} ${version}`)).toEqual(["web 1.0.0", "web 2.0.0", "api 0.1.0"]);
  });

  it("keeps dashes and keys inside block scalars inside their entry", async () => {
    const more =
      "    description: |\n      - name: fake\n        version: 9.9.9\n      api:\n      - x\n    annotations:\n      notes: >-\n        - dash\n";
    const { entries, problems } = await readIndexText(`entries:\n  web:\n${item("web", "1.0.0", more)}apiVersion: v1\n`);
    expect([entries.length, problems]).toEqual([1, []]);
  });

  it("is read with anchors that stand in another entry", async () => {
    const text = `apiVersion: v1\nentries:\n  web:\n  - &base\n    version: 1.0.0\n    name: web\n    urls: [a.tgz]\n  - <<: *base\n    version: 2.0.0\n  api:\n  - name: api\n    version: 3.0.0\n    urls: &u [b.tgz]\n${end}`;
    const { entries, problems } = await readIndexText(text);
    expect(problems).toEqual([]);
    expect(entries.map(({ version, urls }) => [version, urls[0]])).toEqual([
      ["1.0.0", "a.tgz"],
      ["2.0.0", "a.tgz"],
      ["3.0.0", "b.tgz"],
    ]);
  });

  it("is read with anchors in the first entries of later charts", async () => {
    const base = "  - &base\n    version: 1.0.0\n    urls: [a.tgz]\n  - version: 1.1.0\n    urls: [a.tgz]\n";
    const aliased = "  - <<: *base\n    version: 2.0.0\n  - <<: *base\n    version: 3.0.0\n";
    const { entries, problems } = await readIndexText(`apiVersion: v1\nentries:\n  web:\n${base}  api:\n${aliased}${end}`);
    expect([entries.map(({ version, urls }) => `${version} ${urls[0]}`), problems]).toEqual([
      ["1.0.0 a.tgz", "1.1.0 a.tgz", "2.0.0 a.tgz", "3.0.0 a.tgz"],
      [],
    ]);
  });

  it("is read in flow style and as JSON", async () => {
    const json = JSON.stringify({ apiVersion: "v1", entries: { web: [{ name: "web", version: "1.10", urls: ["a.tgz"], digest: hex }] } });
    const flow = `apiVersion: v1\nentries: {web: [{name: web, version: 1.10, urls: [a.tgz], digest: ${hex}}]}\n`;
    const mixed = `apiVersion: v1\nentries:\n  web: [{name: web, version: 1.10, urls: [a.tgz], digest: ${hex}}]\n${end}`;
    const results = await Promise.all([json, flow, mixed].map((text) => readIndexText(text)));
    for (const { entries } of results) {
      expect(entries).toEqual([{ chart: "web", version: "1.10", urls: ["a.tgz"], digest: `sha256:${hex}`, notes: [] }]);
    }
  });

  it.each([
    ["keys in any case", "APIVERSION: v1\nEntries:\n  a:\n  - Name: a\n    VERSION: 1.0.0\n    Urls: [x]\n", ["a 1.0.0"]],
    ["a long s", "apiVersion: v1\nentrie\u017f:\n  a:\n  - name: a\n    ver\u017fion: 1.0.0\n    urls: [x]\n", ["a 1.0.0"]],
    [
      "entries in two cases",
      "Entries:\n  a:\n  - {version: 1.0.0, urls: [x]}\nentries:\n  b:\n  - {version: 2.0.0, urls: [x]}\n",
      ["a 1.0.0", "b 2.0.0"],
    ],
    [
      "that in flow style",
      "{Entries: {a: [{version: 1.0.0, urls: [x]}]}, entries: {b: [{version: 2.0.0, urls: [x]}]}}\n",
      ["a 1.0.0", "b 2.0.0"],
    ],
    [
      "that in JSON",
      '{"Entries":{"a":[{"version":"1.0.0","URLS":["x"]}]},"entries":{"b":[{"version":"2.0.0","urls":["x"]}]}}',
      ["a 1.0.0", "b 2.0.0"],
    ],
    ["a field in two cases", "entries:\n  a:\n  - version: 2.0.0\n    Version: 1.0.0\n    Urls: [y]\n    urls: [x]\n", ["a 2.0.0"]],
    ["a block text at its end", "entries:\n  a:\n  - urls: [x]\n    version: |\n      1.0.0", ["a 1.0.0"]],
  ])("is read with %s, as Helm does", async (_what, text, versions) => {
    const { entries, problems } = await readIndexText(text, { lengthVerified: true });
    expect([entries.map(({ chart, version }) => `${chart} ${version}`), problems]).toEqual([versions, []]);
    expect(new Set(entries.flatMap(({ urls }) => urls))).toEqual(new Set(["x"]));
  });

  it.each(["utf-16le", "utf-16be"])("is read in %s with a byte order mark, in whatever pieces it comes", async (encoding) => {
    const bytes = Buffer.from(`\u{feff}apiVersion: v1\nentries:\n  w\u00e9b\u{1f600}:\n${item("web", "1.0.0")}${end}`, "utf16le");
    if (encoding === "utf-16be") bytes.swap16();
    for (const chunkBytes of [1, 2, 7, 65_536]) {
      const { entries } = await readIndexText(bytes, { chunkBytes });
      expect(entries.map(({ chart, version }) => `${chart} ${version}`)).toEqual(["w\u00e9b\u{1f600} 1.0.0"]);
    }
  });

  it("may be empty of charts", async () => {
    for (const value of ["{}", "", "null"]) {
      expect((await readIndexText(`apiVersion: v1\nentries: ${value}\n${end}`)).entries).toEqual([]);
    }
  });

  it("is noted, not refused, when it has no apiVersion, which Helm refuses", async () => {
    const { entries, notes } = await readIndexText(`entries:\n  web:\n${item("web", "1.0.0")}${end}`);
    expect([entries.length, notes]).toEqual([1, ["index-without-api-version"]]);
  });
});

describe("what is no whole index", () => {
  const page = `<!DOCTYPE html>\n<html><head><title>Sign in</title></head>${"<p>x</p>\n".repeat(200)}</html>`;
  it.each([
    ["", "index-invalid: the index cannot be read: it is empty"],
    [" \n\n", "index-invalid: the index cannot be read: it is empty"],
    [page, 'index-invalid: the index cannot be read: it is an HTML page titled "Sign in" instead of YAML'],
    [
      "<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
      "index-invalid: the index cannot be read: it is XML with the error code AccessDenied instead of YAML",
    ],
    ["apiVersion: v1\nfoo: bar\n", "index-invalid: the index cannot be read: it has no entries"],
    ["- a\n- b\n", "index-invalid: the index cannot be read: it holds no map of keys"],
    ["just text\n", "index-invalid: the index cannot be read: it holds no map of keys"],
    ["entries: [a]\n", "index-invalid: the index cannot be read: its entries are no map of charts"],
    ["apiVersion: v1\nentr", "index-truncated: the index is cut off: "],
    ['{"apiVersion":"v1","entries":{"a":[{', "index-truncated: the index is cut off: "],
    ["\u0000\u0001binary", "index-invalid: the index cannot be read: it is binary data instead of YAML"],
  ])("%j is refused", async (text, failure) => {
    expect((await failureOf(readIndexText(text))).startsWith(failure)).toBe(true);
  });

  it("a cut anywhere is recognised before anything is yielded, unless it falls at the end of a line within the entries", async () => {
    const text = `apiVersion: v1\nentries:\n  web:\n${item("web", "1.0.0", "    description: |\n      some\n      text\n")}${item("web", "2.0.0")}  api:\n${item("api", "0.1.0")}${end}`;
    const generated = text.indexOf("generated:");
    const lineEnds = [...text.matchAll(/\n/g)].map(({ index }) => index + 1).filter((at) => at > text.indexOf("  web:") && at <= generated);
    const unseen: number[] = [];
    for (let cut = 1; cut < text.length; cut += 1) {
      const failure = await failureOf(readIndexText(text.slice(0, cut)));
      if (failure === "no failure") unseen.push(cut);
      else expect(failure, `cut at ${cut}`).toMatch(cut > text.indexOf("entries:") ? /^index-truncated/ : /^index-(truncated|invalid)/);
    }
    expect(unseen.filter((cut) => cut <= generated)).toEqual(lineEnds);
    for (const cut of lineEnds) {
      const { entries, notes } = await readIndexText(text.slice(0, cut));
      const versions = [...text.slice(0, cut).matchAll(/ {4}version: (.*)\n/g)].map(([, version]) => version);
      expect([entries.map(({ version }) => version), notes], `cut at ${cut}`).toEqual([versions, ["index-end-unknown"]]);
    }
  });

  it("nothing behind the key of the entries counts as a cut, and the hint has a way out", async () => {
    const text = "apiVersion: v1\nentries:\n";
    await expect(readIndexText(text)).rejects.toMatchObject({ code: "index-truncated", hint: expect.stringContaining("entries: {}") });
    expect((await readIndexText(text, { lengthVerified: true })).notes).toEqual(["index-end-unknown"]);
    expect((await readIndexText(text.replace("entries:", "entries: {}"))).entries).toEqual([]);
  });

  it("a cut between two entries is remarked on, wherever the generated line would stand that is not behind them", async () => {
    const one = `entries:\n  web:\n${item("web", "1.0.0")}`;
    expect((await readIndexText(`apiVersion: v1\n${end}${one}`)).notes).toEqual(["index-end-unknown"]);
    expect((await readIndexText(`${end}${one}apiVersion: v1\n`)).notes).toEqual([]);
    expect((await readIndexText(`apiVersion: v1\n${one}${end}`)).notes).toEqual([]);
    expect(await failureOf(readIndexText(`apiVersion: v1\n${end}${one.trimEnd()}`))).toMatch(/^index-truncated/);
  });

  it("a cut between two entries of an index that is parsed as a whole is remarked on as well", async () => {
    const one = `"entries": \n  web: &web\n${item("web", "1.0.0")}`;
    const { entries, notes } = await readIndexText(`? apiVersion\n: v1\n${end}${one}`);
    expect([entries.length, notes]).toEqual([1, ["index-end-unknown"]]);
    expect((await readIndexText(`? apiVersion\n: v1\n${one}${end}`)).notes).toEqual([]);
    expect(await failureOf(readIndexText(`? apiVersion\n: v1\n${end}${one.trimEnd()}`))).toMatch(/^index-truncated/);
  });

  it("a missing last line end is accepted where the length of the download was checked", async () => {
    const text = `apiVersion: v1\nentries:\n  web:\n${item("web", "1.0.0").trimEnd()}`;
    expect(await failureOf(readIndexText(text))).toMatch(/^index-truncated/);
    expect((await readIndexText(text, { lengthVerified: true })).notes).toEqual(["index-end-unknown"]);
  });

  it("an index in unusual form above the limit is refused with the reason", async () => {
    const text = `apiVersion: v1\nentries: {web: [{version: 1.0.0, urls: [${"a,".repeat(500)}a]}]}\n`;
    expect(await failureOf(readIndexText(text, { wholeLimit: 500 }))).toContain(
      "written in flow style, and it is larger than the 500 bytes",
    );
  });

  it("stops when the caller aborts", async () => {
    await expect(readIndexText(`apiVersion: v1\nentries: {}\n`, { signal: AbortSignal.abort(new Error("stop")) })).rejects.toThrow("stop");
  });
});

const corpus = process.env["CHARTFERRY_CORPUS"] ?? fileURLToPath(new URL("../../../../../shared/corpus", import.meta.url));
const missing = existsSync(corpus) ? "" : ` (skipped: no corpus at ${corpus})`;

describe.skipIf(missing !== "")(`real indexes${missing}`, () => {
  it.each([
    ["stakater", 2026, 107],
    ["azure-samples", 16, 14],
  ])("%s gives %i versions of %i charts", async (name, versions, charts) => {
    const seen = new Set<string>();
    let count = 0;
    for await (const entry of readClassicIndex({ open: () => createReadStream(`${corpus}/${name}/index.yaml`) })) {
      if (entry.kind !== "entry") throw new Error(`unexpected ${entry.kind}`);
      seen.add(entry.entry.chart);
      count += 1;
    }
    expect([count, seen.size]).toEqual([versions, charts]);
  });
});
