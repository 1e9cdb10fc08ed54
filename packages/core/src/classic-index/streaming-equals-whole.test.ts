import * as fc from "fast-check";
import { dump } from "js-yaml";
import { expect, it } from "vitest";

import type { IndexItem } from "./index-entry.ts";
import { isMap } from "./parsed-value.ts";
import { readChartList } from "./read-piece.ts";
import { parseIndexYaml } from "./parse-index-yaml.ts";
import { readIndexText } from "./testing/read-index-text.ts";
import { createVersionSet } from "./version-set.ts";

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
const charts = fc.dictionary(chartName, fc.array(entry, { maxLength: 4 }), { maxKeys: 4 });

/** In the form that Go writes: sorted keys, lists not indented, long lines folded. */
function goMarshalled(entries: unknown, arrayIndent: boolean): string {
  return dump(
    { apiVersion: "v1", entries, generated: "2026-06-03T13:44:10Z", serverInfo: {} },
    { sortKeys: true, noArrayIndent: !arrayIndent, lineWidth: 80, noRefs: true },
  );
}

/** The same judgement of the same file parsed at once. */
function readAtOnce(yaml: string): IndexItem[] {
  const seen = createVersionSet();
  const index = parseIndexYaml(yaml).value;
  const entries = isMap(index) && isMap(index["entries"]) ? index["entries"] : {};
  return Object.entries(entries).flatMap(([chart, list]) => readChartList({ chart, line: 0 }, list, seen));
}

function sorted(items: readonly unknown[]): string[] {
  return items.map((item) => JSON.stringify(item)).toSorted();
}

it("reading piece by piece at any chunk boundary gives what parsing the whole file gives", async () => {
  await fc.assert(
    fc.asyncProperty(charts, fc.boolean(), fc.integer({ min: 1, max: 300 }), async (entries, arrayIndent, chunkBytes) => {
      const yaml = goMarshalled(entries, arrayIndent);
      const streamed = await readIndexText(yaml, { chunkBytes, entryLimit: 1_000_000 });
      const whole = readAtOnce(yaml);
      const kept = whole.flatMap((item) => (item.kind === "entry" ? [item.entry] : []));
      expect(sorted(streamed.entries)).toEqual(sorted(kept));
      expect(streamed.problems.length).toBe(whole.filter(({ kind }) => kind === "problem").length);
    }),
    { numRuns: 300 },
  );
});
