import { describe, expect, it } from "vitest";

import { checkFiles } from "./check-files.ts";
import { createNoteList } from "./chart-notes.ts";

function notesOn(values: string): string[] {
  const notes = createNoteList();
  checkFiles([{ path: "values.yaml", data: Buffer.from(values) }], notes);
  return notes.notes.map(({ code }) => code);
}

/** The shortest of some runs, in milliseconds: only its growth with the size means something. */
function timeFor(values: string): number {
  const runs = Array.from({ length: 3 }, () => {
    const start = performance.now();
    notesOn(values);
    return performance.now() - start;
  });
  return Math.min(...runs);
}

describe("values.yaml", () => {
  it.each([
    ["---\na: 1\n", []],
    ["\n# text\r\n # more\n--- \na: 1\n", []],
    ["%YAML 1.1\n---\na: 1\n", []],
    ["--- # text\na: 1\n", []],
    ["a: 1\n", []],
    ["a: 1\n---\nb: 2\n", ["several-values-documents"]],
    ["# text\na: 1\n---\n", ["several-values-documents"]],
    ["---\n---\na: 1\n", ["several-values-documents"]],
    ["a: 1\n---\nb: [\n", ["several-values-documents", "bad-values-yaml"]],
  ])("%j is remarked on with %j", (values, codes) => {
    expect(notesOn(values)).toEqual(codes);
  });

  it.each([
    ["blank lines", (count: number) => "\n".repeat(count)],
    ["comments", (count: number) => "#\n".repeat(count)],
    ["markers", (count: number) => `a: 1\n${"---\n".repeat(count / 4)}`],
    ["line breaks of old in a comment", (count: number) => `a: 1 #${"\u2028x".repeat(count)}:\nb: 1\n`],
    ["scalars on one line", (count: number) => `a: [${"1,".repeat(count)}1]\nb: "\\t"\n`],
  ])("of many %s costs no more than in proportion", (_what, text) => {
    const small = timeFor(text(8_000));
    // Eight times the text: in proportion 8, by the square 64.
    expect(timeFor(text(64_000))).toBeLessThan(small * 24 + 100);
  });
});
