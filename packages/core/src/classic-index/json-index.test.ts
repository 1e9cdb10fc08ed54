import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { readChartList } from "./read-piece.ts";
import { failureOf, readIndexText } from "./testing/read-index-text.ts";
import { createVersionSet } from "./version-set.ts";

function item(version: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { name: "web", ...more, urls: [`web-${version}.tgz`], version };
}

/** An index of one chart, with these texts for its entries. */
function indexOf(...items: readonly string[]): string {
  return `{"apiVersion":"v1","entries":{"web":[${items.join(",")}]},"generated":"x"}\n`;
}

const [first, second] = [JSON.stringify(item("1.0.0")), JSON.stringify(item("2.0.0"))];

async function versionsOf(text: string, options: Parameters<typeof readIndexText>[1] = {}): Promise<unknown> {
  const { entries, problems } = await readIndexText(text, options);
  return { versions: entries.map(({ version }) => version), problems: problems.map(({ version, message }) => `${version}: ${message}`) };
}

describe("an index in JSON", () => {
  const value = fc.oneof(
    fc.constantFrom<unknown>(null, "text", '}]},"entries":{"x":[', "\\", '\\"', "é✓", 1.5, true, {}, []),
    fc.jsonValue({ maxDepth: 3 }),
  );
  const entry = fc.oneof(
    fc.tuple(fc.nat(9), value).map(([number, description]) => item(`${number}.0.0`, { description, version: "x" })),
    fc.nat(9).map((number) => item(`${number}.0.0`)),
    value,
  );
  const chart = fc.oneof(fc.constantFrom("web", "api", "", 'a"b\\', "é", "entries"), fc.string({ maxLength: 5 }));
  const list = fc.oneof({ weight: 4, arbitrary: fc.array(entry, { maxLength: 4 }) }, { weight: 1, arbitrary: value });
  const others = fc.dictionary(
    fc.constantFrom("apiVersion", "generated", "x", "web"),
    fc.oneof(value, fc.constant({ entries: { no: [item("9.9.9")] } })),
  );

  it("gives what parsing it at once gives, however it is written and wherever its pieces are cut", async () => {
    const form = fc.record({
      indent: fc.constantFrom(undefined, 1, "\t"),
      chunkBytes: fc.integer({ min: 1, max: 200 }),
      entriesFirst: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.dictionary(chart, list), others, form, async (entries, rest, { indent, chunkBytes, entriesFirst }) => {
        const index = entriesFirst ? { entries, ...rest } : { ...rest, entries };
        const seen = createVersionSet();
        const wanted = Object.entries(entries).flatMap(([name, charts]) => readChartList({ chart: name, line: 0 }, charts, seen));
        const { entries: found, problems, notes } = await readIndexText(JSON.stringify(index, undefined, indent), { chunkBytes });
        expect(found).toEqual(wanted.flatMap((each) => (each.kind === "entry" ? [each.entry] : [])));
        expect(problems.map(({ chart: name, version }) => [name, version])).toEqual(
          wanted.flatMap((each) => (each.kind === "problem" ? [[each.problem.chart, each.problem.version]] : [])),
        );
        expect(notes.includes("index-without-api-version")).toBe(!Object.hasOwn(rest, "apiVersion"));
      }),
      { numRuns: 500 },
    );
  });

  it("is never parsed as a whole, whatever its size", async () => {
    expect(await versionsOf(indexOf(first, second), { wholeLimit: 1 })).toEqual({ versions: ["1.0.0", "2.0.0"], problems: [] });
  });

  it.each([
    ["broken in itself", '{"version":"3.0.0" "urls":["a"]}', "3.0.0: web 3.0.0: the entry is no valid JSON (line 2 of the index)"],
    [
      "broken with a version that is none",
      '{"version":{"a":"7.7.7"} "urls":["a"]}',
      ": web: the entry is no valid JSON (line 2 of the index)",
    ],
    [
      "broken with the version of a dependency",
      '{"dependencies":[{"version":"9.9.9"}],,}',
      ": web: the entry is no valid JSON (line 2 of the index)",
    ],
    [
      "with brackets of the wrong kind",
      '{"version":"3.0.0","urls":["a"}]',
      "3.0.0: web 3.0.0: the entry is no valid JSON (line 2 of the index)",
    ],
    ["with a quote of YAML", '{"version":"3.0.0",\'urls\': [}]', "3.0.0: web 3.0.0: the entry is no valid JSON (line 2 of the index)"],
    ["of nothing", " ", ": web: the entry is no valid JSON (line 2 of the index)"],
    ["null", "null", ": web: the entry is null (line 2 of the index)"],
    [
      "with a number for its version",
      '{"version":1.10,"urls":["a"]}',
      "1.1: web 1.1: the version is a number, so its text is lost (1.10 reads as 1.1): quote it (line 2 of the index)",
    ],
  ])("is read but for an entry %s", async (_what, bad, problem) => {
    for (const chunkBytes of [1, 7, 65_536]) {
      expect(await versionsOf(indexOf(first, `\n${bad}`, second), { chunkBytes })).toEqual({
        versions: ["1.0.0", "2.0.0"],
        problems: [problem],
      });
    }
  });

  it("is read where an entry is what YAML alone takes", async () => {
    const text = indexOf(first, "{name: web, version: 1.10, urls: [a],}", second).replace("]}", ",]}");
    expect(await versionsOf(text)).toEqual({ versions: ["1.0.0", "1.10", "2.0.0"], problems: [] });
    expect(await versionsOf(indexOf(`{"name": 'it''s ]}', "version": '1.0.0', "urls": [a]}`, second))).toEqual({
      versions: ["1.0.0", "2.0.0"],
      problems: [],
    });
  });

  it("is read as YAML where quotes of YAML make two entries look like one of JSON", async () => {
    const text = indexOf(`{version: 1.0.0, urls: [a], x: '"'}`, `{x: '"', version: 2.0.0, urls: [a]}`);
    expect(await versionsOf(text)).toEqual({ versions: ["1.0.0", "2.0.0"], problems: [] });
  });

  it("names an entry above the limit by its version, wherever that stands, and reads the others", async () => {
    const filler = { description: "x".repeat(3000), annotations: { version: "9.9.9", dependencies: [{ version: "8.8.8" }] } };
    for (const large of [
      { version: "3.0.0", ...filler },
      { ...filler, version: "3.0.0" },
    ]) {
      for (const chunkBytes of [11, 65_536]) {
        expect(await versionsOf(indexOf(first, JSON.stringify(large), second), { entryLimit: 2000, chunkBytes })).toEqual({
          versions: ["1.0.0", "2.0.0"],
          problems: ["3.0.0: web 3.0.0: the entry is larger than 2000 bytes"],
        });
      }
    }
  });

  it("passes over other values of any size and depth", async () => {
    const deep = "[".repeat(20_000) + "]".repeat(20_000);
    const text = indexOf(first, `{"urls":["a"],"version":"2.0.0","x":${deep}}`).replace("{", `{"x":${deep},"y":"${'\\"]'.repeat(5000)}",`);
    expect(await versionsOf(text, { entryLimit: 50_000 })).toEqual({ versions: ["1.0.0", "2.0.0"], problems: [] });
  });

  it("notes an entry that names a key twice, at any depth", async () => {
    const twice = [
      '{"name":"web","name":"web","version":"1.0.0","urls":["a"]}',
      '{"name":"web","version":"2.0.0","urls":["a"],"x":[{"y":1,"y":2}]}',
    ];
    const { entries } = await readIndexText(indexOf(...twice, JSON.stringify(item("3.0.0", { x: { y: "a:b", z: [{ y: 1 }] } }))));
    expect(entries.map(({ notes }) => notes.map(({ code }) => code))).toEqual([["duplicate-key"], ["duplicate-key"], []]);
  });

  it("reports a chart whose value is no list, and reads the others", async () => {
    const text = `{"apiVersion":"v1","entries":{"a":{"b":[${first}]},"b":"${"x".repeat(500)}","c":null,"d":"~","e":7,"web":[${second}]}}`;
    expect(await versionsOf(text)).toEqual({
      versions: ["2.0.0"],
      problems: ["a", "b", "e"].map((name) => `: ${name}: its value is no list of versions`),
    });
  });

  it.each([
    ["{}", "index-invalid: the index cannot be read: it has no entries"],
    ['{"entries":[]}', "index-invalid: the index cannot be read: its entries are no map of charts"],
    ['{"entries":{},"entries":"no"}', "index-invalid: the index cannot be read: its entries are no map of charts"],
    ['{"entries":{"web":[]}} {}', "index-invalid: "],
    ['{"entries":{"web":[}}}', "index-invalid: "],
    ['{"entries":null,"apiVersion":"v1"}', "no failure"],
  ])("%s is told as it is", async (text, failure) => {
    expect((await failureOf(readIndexText(text))).slice(0, failure.length)).toBe(failure);
  });

  it("is cut off wherever its end is missing, even where a bracket stands last", async () => {
    const text = indexOf(first, second).trimEnd();
    for (let end = 30; end < text.length; end += 1) {
      expect(await failureOf(readIndexText(text.slice(0, end))), `cut at ${end}`).toMatch(/^index-truncated/);
    }
  });
});
