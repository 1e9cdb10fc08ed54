import { blockText } from "./go-block-text.ts";
import type { Listener } from "./load-yaml.ts";
import { collectScalars, scalarStart, type ScalarPlace } from "./scalar-places.ts";

/** The line breaks of YAML 1.1 that later YAML took for characters. */
const oldBreak = /[\u0085\u2028\u2029]/;
const keptBreak = /[\u2028\u2029]/;

/** Whether the text has line breaks that our parser takes for characters. */
export function hasOldBreaks(text: string): boolean {
  return oldBreak.test(text);
}

/** Whether goyaml may read a scalar of the text otherwise than our parser: rare enough to parse such texts twice. */
export function needsCare(text: string): boolean {
  return oldBreak.test(text) || /\\[ \t\r\n]/.test(text) || (!/[\r\n]$/.test(text.slice(-1)) && /[|>]/.test(text));
}

/**
 * A document in which those scalars that goyaml reads otherwise stand as what it reads. It takes U+0085, U+2028 and U+2029 for line breaks and
 * keeps the last two; it adds no line break to a block text that the end of the file cuts off; and it keeps an escaped blank at the end of a line,
 * and the blank lines behind an escaped line break. @throws as `load`
 */
export function asGoReads(text: string, cut: (flat: string) => string, load: (document: string, listener: Listener) => void): string {
  const kept = text.replaceAll("\u0085", "\n");
  const document = cut(kept.replaceAll(/[\u2028\u2029]/g, "\n"));
  const scalars = collectScalars();
  load(document, scalars.listener);
  const source = kept.slice(0, document.length);
  let written = "";
  let done = 0;
  for (const place of scalars.places) {
    const found = rewritten(source, document, place);
    if (found === undefined || found.start < done) continue;
    written += document.slice(done, found.start) + found.text;
    done = found.end;
  }
  return written + document.slice(done);
}

interface Rewritten {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** `source` has the breaks that `document` has newlines for, at the same places. */
function rewritten(source: string, document: string, place: ScalarPlace): Rewritten | undefined {
  const start = scalarStart(document, place.from);
  const first = document.charAt(start);
  const rest = document.slice(start, place.end);
  if (first === "|" || first === ">") {
    const before = lastLine(document.slice(0, start));
    return rewrittenBlock(source, { start, end: start + rest.length - lastLine(rest).length, before, atEnd: place.end >= source.length });
  }
  const end = start + rest.trimEnd().length;
  const text = source.slice(start, end);
  if (!keptBreak.test(text) && !(first === '"' && /\\[ \t\r\n]/.test(text))) return undefined;
  if (first === '"') return { start, end, text: text.replaceAll(doubleQuotedPart, foldPart) };
  const plain = first === "'" ? text.slice(1, -1).replaceAll("''", "'") : text;
  return { start, end, text: doubleQuoted(plain.replaceAll(gap, folded)) };
}

function lastLine(text: string): string {
  return text.slice(Math.max(text.lastIndexOf("\n"), text.lastIndexOf("\r")) + 1);
}

interface BlockPlace {
  readonly start: number;
  /** Of its last line, if it is not at the end of the file. */
  readonly end: number;
  /** What stands before it in its line. */
  readonly before: string;
  readonly atEnd: boolean;
}

function rewrittenBlock(source: string, { start, before, atEnd, ...place }: BlockPlace): Rewritten | undefined {
  const end = atEnd ? source.length : place.end;
  const block = source.slice(start, end);
  const endsOpen = atEnd && !/[\r\n\u2028\u2029]$/.test(block);
  if (!endsOpen && !keptBreak.test(block)) return undefined;
  const text = blockText(block, before);
  return text === undefined ? undefined : { start, end, text: `${doubleQuoted(text)}\n` };
}

const breakForm = String.raw`(?:\r\n|[\n\r\u2028\u2029])`;
/** Line breaks with the blanks around; a row of blanks is taken whole, so that it is looked at once. */
const breaksForm = String.raw`${breakForm}(?:[ \t]*${breakForm})*[ \t]*`;
const gapForm = String.raw`[ \t]+(?:${breaksForm})?|${breaksForm}`;
const gap = new RegExp(gapForm, "g");
/** An escaped line break with what follows it, another escape, or a gap. */
const doubleQuotedPart = new RegExp(String.raw`\\${breaksForm}|\\[^]|${gapForm}`, "g");

function foldPart(part: string): string {
  if (!part.startsWith("\\")) return escaped(folded(part));
  const [, ...others] = breaksIn(part);
  return /^\\[\r\n\u2028\u2029]/.test(part) ? escaped(others.join("")) : part;
}

/** What goyaml makes of line breaks in a text that is not a block: one newline is a blank, of more the first counts nothing. */
function folded(found: string): string {
  const [leading, ...others] = breaksIn(found);
  if (leading === undefined) return found;
  if (leading !== "\n") return leading + others.join("");
  return others.length === 0 ? " " : others.join("");
}

function breaksIn(found: string): string[] {
  return Array.from(found.matchAll(new RegExp(breakForm, "g")), ([each]) => (keptBreak.test(each) ? each : "\n"));
}

function doubleQuoted(text: string): string {
  return `"${escaped(text.replaceAll(/["\\]/g, String.raw`\$&`))}"`;
}

const escapes: ReadonlyMap<string, string> = new Map([
  ["\n", String.raw`\n`],
  ["\t", String.raw`\t`],
  ["\u2028", String.raw`\L`],
  ["\u2029", String.raw`\P`],
]);

function escaped(text: string): string {
  return text.replaceAll(/[\n\t\u2028\u2029]/g, (found) => escapes.get(found) ?? found);
}
