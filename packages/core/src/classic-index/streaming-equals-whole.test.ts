import * as fc from "fast-check";
import { dump } from "js-yaml";
import { expect, it } from "vitest";

import { readIndexText, type ReadIndex } from "./testing/read-index-text.ts";

const nastyLines = [
  "- name: x",
  "entries:",
  "  web:",
  "  - version: 9.9.9",
  "version: 8.8.8",
  "# no comment",
  "",
  "---",
  "...",
  "a: b",
  "é✓ ü",
  "key: |",
  "\tx",
  "'q\"",
  "{a: [b",
];
const text = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.string({ unit: "grapheme", maxLength: 60 }),
  fc.array(fc.constantFrom(...nastyLines), { maxLength: 6 }).map((lines) => lines.join("\n")),
  fc
    .array(fc.constantFrom("a long", "description", "that", "is - folded:", "and", "#goes on"), { minLength: 20, maxLength: 40 })
    .map((words) => words.join(" ")),
);
const version = fc
  .tuple(fc.nat(99), fc.nat(99), fc.nat(99), fc.constantFrom("", "-rc.1", "+b.2"))
  .map(([a, b, c, rest]) => `${a}.${b}.${c}${rest}`);
const entry = fc.record(
  {
    annotations: fc.dictionary(text, text, { maxKeys: 3 }),
    apiVersion: fc.constantFrom("v1", "v2"),
    appVersion: fc.constantFrom("1.10", "392065e2", "010", "yes", "null", "1_000"),
    created: fc.constant("2021-04-08T15:40:26.783555097Z"),
    dependencies: fc.array(fc.record({ name: text, version: text, repository: text }), { maxLength: 2 }),
    description: text,
    digest: fc.constantFrom("a".repeat(64), `sha256:${"b".repeat(64)}`, "nonsense"),
    keywords: fc.array(text, { maxLength: 3 }),
    name: fc.constantFrom("web", "api"),
    urls: fc.array(text, { minLength: 1, maxLength: 3 }),
    version,
  },
  { requiredKeys: ["urls", "version"] },
);
const chartName = fc.oneof(
  fc.constantFrom("web", "api", "yes", "null", "123", "1.0", "a b", "é", "x:y", "-x", "~"),
  fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/),
);
/** What an index may hold in place of an entry, and what whole-file parsing can read as well. */
const oddEntry = fc.constantFrom<unknown>(null, "just text", {}, { version: "latest", urls: ["a"] }, { version: "1.0.0" }, [["a"]], {
  version: "3.0.0",
  urls: [{ a: "b" }],
});
const list = fc.oneof(
  { weight: 8, arbitrary: fc.array(fc.oneof({ weight: 4, arbitrary: entry }, { weight: 1, arbitrary: oddEntry }), { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(null, "text", { a: "b" }) },
);
/** Pairs, not a map: a chart may stand twice. */
const charts = fc.array(fc.tuple(chartName, list), { maxLength: 5 });

/** In the form that Go writes: sorted keys, lists not indented, long lines folded. */
function goMarshalled(pairs: readonly (readonly [string, unknown])[], arrayIndent: boolean): string {
  const options = { sortKeys: true, noArrayIndent: !arrayIndent, lineWidth: 80, noRefs: true };
  // Each chart is written as the only one of an index, and the heads are cut off.
  const written = pairs.map(([chart, value]) => dump({ entries: { [chart]: value } }, options).replace("entries:\n", ""));
  const entries = pairs.length === 0 ? "entries: {}\n" : `entries:\n${written.join("")}`;
  return `apiVersion: v1\n${entries}generated: "2026-06-03T13:44:10Z"\nserverInfo: {}\n`;
}

interface Form {
  readonly crlf: boolean;
  readonly byteOrderMark: boolean;
  readonly arrayIndent: boolean;
  readonly chunkBytes: number;
}

function inForm(yaml: string, { crlf, byteOrderMark }: Form): string {
  return (byteOrderMark ? "\uFEFF" : "") + (crlf ? yaml.replaceAll("\n", "\r\n") : yaml);
}

const form = fc.record({
  crlf: fc.boolean(),
  byteOrderMark: fc.boolean(),
  arrayIndent: fc.boolean(),
  chunkBytes: fc.integer({ min: 1, max: 300 }),
});
/** A top-level key in a form that cannot be split: the file is then parsed as a whole. */
const unsplittable = "? x-whole\n: y\n";

/** What must not depend on how the file was read; line numbers are known to one way only. */
function judgement({ entries, problems, codes, notes }: ReadIndex): unknown {
  const told = problems.map(({ chart, version: named, message }, at) => [chart, named, codes[at], message.replace(/ \(line \d+.*\)$/, "")]);
  // Whole-file parsing remarks once on keys that stand twice; piece by piece, repeated charts are nothing unusual.
  return { entries: sorted(entries), told: sorted(told), notes: notes.filter((code) => code !== "duplicate-key").toSorted() };
}

function sorted(items: readonly unknown[]): string[] {
  return items.map((item) => JSON.stringify(item)).toSorted();
}

it("reading piece by piece at any chunk boundary gives what parsing the whole file gives", async () => {
  await fc.assert(
    fc.asyncProperty(charts, form, async (pairs, written) => {
      const yaml = goMarshalled(pairs, written.arrayIndent);
      const streamed = await readIndexText(inForm(yaml, written), { chunkBytes: written.chunkBytes, entryLimit: 1_000_000 });
      const whole = await readIndexText(inForm(unsplittable + yaml, written));
      expect(judgement(streamed)).toEqual(judgement(whole));
    }),
    { numRuns: 400 },
  );
});

it("JSON gives what YAML gives, whichever chart stands twice", async () => {
  await fc.assert(
    fc.asyncProperty(charts, form, async (pairs, { chunkBytes }) => {
      const members = pairs.map(([chart, value]) => `${JSON.stringify(chart)}: ${JSON.stringify(value, undefined, 1)}`);
      const json = await readIndexText(`{"apiVersion": "v1", "entries": {${members.join(" ,\n")}}, "entries": {}}\n`, { chunkBytes });
      expect(judgement(json)).toEqual(judgement(await readIndexText(goMarshalled(pairs, false))));
    }),
    { numRuns: 200 },
  );
});

it("an entry that is no YAML costs only itself, wherever it stands", async () => {
  const broken = fc.constantFrom('  - "open\n', "  - version: 9.9.9\n   name: x\n", "  - {a: b\n", "  - *nowhere\n", "  - a: b: c\n");
  const good = fc.uniqueArray(fc.nat(99), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(good, fc.record({ bad: broken, at: fc.nat(5) }), form, async (numbers, { bad, at }, written) => {
      const items = numbers.map((number) => `  - version: ${number}.0.0\n    name: web\n    urls: [a]\n`);
      const versions = numbers.map((number) => `${number}.0.0`);
      const index = `apiVersion: v1\nentries:\n  web:\n${items.toSpliced(at, 0, bad).join("")}generated: x\n`;
      // At the very end it looks like a file that was cut off.
      const inside = at < items.length ? index : index.replace("generated", "  api: []\ngenerated");
      const { entries, codes } = await readIndexText(inForm(inside, written), { chunkBytes: written.chunkBytes });
      expect([entries.map((kept) => kept.version), codes]).toEqual([versions, ["entry-invalid"]]);
    }),
    { numRuns: 200 },
  );
});
