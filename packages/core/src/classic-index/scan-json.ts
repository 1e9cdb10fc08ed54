import { type JsonPiece, type JsonScanner, keepUntil, type OpenValue, sign } from "./json-scanner.ts";
import { endKey, endValue, passBetween } from "./json-structure.ts";

/** Characters: longer ones are no version, and no key that is looked for. */
const longestWord = 130;
/** `#`, `&`, `'`, `*`. */
const yamlMarks: ReadonlySet<number> = new Set([35, 38, 39, 42]);

/** Takes the next characters and returns the pieces that they complete. */
export function scanMore(scanner: JsonScanner, chunk: string): JsonPiece[] {
  Object.assign(scanner, { chunk, from: 0 });
  for (let at = 0; at < chunk.length && scanner.irregular === undefined;) at = scanner.quoted ? passString(scanner, at) : pass(scanner, at);
  keepUntil(scanner, chunk.length);
  const { pieces } = scanner;
  scanner.pieces = [];
  return pieces;
}

/** To the end of the string, or of the chunk. */
function passString(scanner: JsonScanner, from: number): number {
  const { chunk, value } = scanner;
  const end = endOfString(scanner, from);
  if (value?.nest === 1) value.word += chunk.slice(from, Math.min(end, from + longestWord - value.word.length));
  if (end === chunk.length) return end;
  scanner.quoted = false;
  if (value === undefined) endKey(scanner, end);
  else if (value.field === "version") takeVersion(value);
  return end + 1;
}

/** Only what looks like one, so that a report can name the entry if nothing else of it can be read. */
function takeVersion(value: OpenValue): void {
  if (/^[0-9A-Za-z.+_-]{1,128}$/.test(value.word)) value.version = value.word;
  value.field = "";
}

/** Where its closing quote stands. */
function endOfString(scanner: JsonScanner, from: number): number {
  const { chunk } = scanner;
  let { escaped } = scanner;
  let at = from;
  for (; at < chunk.length; at += 1) {
    const code = chunk.charCodeAt(at);
    if (escaped) escaped = false;
    else if (code === sign.backslash) escaped = true;
    else if (code === sign.quote) break;
  }
  scanner.escaped = escaped;
  return at;
}

/** One character outside strings; where to go on. */
function pass(scanner: JsonScanner, at: number): number {
  const code = scanner.chunk.charCodeAt(at);
  if (code === sign.newline) scanner.line += 1;
  if (scanner.value !== undefined) return passInValue(scanner, scanner.value, { code, at });
  // Blank space, and control characters too: they are judged where text is parsed.
  return code <= 32 ? at + 1 : passBetween(scanner, code, at);
}

interface Character {
  readonly code: number;
  readonly at: number;
}

function passInValue(scanner: JsonScanner, value: OpenValue, { code, at }: Character): number {
  const isBegin = code === sign.listBegin || code === sign.mapBegin;
  const isEnd = code === sign.listEnd || code === sign.mapEnd;
  if (value.nest === 0 && (isEnd || code === sign.comma)) {
    endValue(scanner, value, at);
    // It is no part of the value.
    return at;
  }
  if (isBegin) beginNest(value);
  else if (isEnd) value.nest -= 1;
  else if (code === sign.quote) beginString(scanner, value);
  else readSign(scanner, value, code);
  return at + 1;
}

/** A key that such a value belongs to is done with. */
function beginNest(value: OpenValue): void {
  value.nest += 1;
  value.field = "";
}

function beginString(scanner: JsonScanner, value: OpenValue): void {
  scanner.quoted = true;
  if (value.nest === 1) value.word = "";
}

function readSign(scanner: JsonScanner, value: OpenValue, code: number): void {
  if (code === sign.colon) {
    value.members += 1;
    if (value.nest === 1) value.field = value.word;
  } else if (code === sign.comma) {
    if (value.nest === 1) value.field = "";
  } else if (yamlMarks.has(code)) scanner.foreign = true;
}
