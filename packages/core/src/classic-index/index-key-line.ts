/** A `key: value` line of a block mapping; `value` is the rest of the line as written, comment included. */
export interface KeyLine {
  readonly key: string;
  readonly value: string;
}

/** Characters that open something other than a plain key (quotes are handled before): anchors, tags, flow, directives. */
const notPlain = new Set("&*!|>%@`{}[],?#\t");

const closers: ReadonlyMap<string, string> = new Map([
  ["{", "}"],
  ["[", "]"],
  ['"', '"'],
  ["'", "'"],
]);

/** Reads one line without its indentation and line end; `undefined` when it is no simple key. Linear in the line's length. */
export function parseKeyLine(line: string): KeyLine | undefined {
  const first = line.charAt(0);
  if (first === '"' || first === "'") return parseQuotedKey(line, first);
  if (first === "" || notPlain.has(first) || isDashLine(line)) return undefined;
  const colon = findKeyColon(line, 0);
  return colon < 0 ? undefined : { key: line.slice(0, colon).trimEnd(), value: line.slice(colon + 1).trim() };
}

/** Whether the text begins a block sequence item. */
export function isDashLine(text: string): boolean {
  return text.charAt(0) === "-" && isBlankOrEnd(text, 1);
}

/** Whether nothing follows the key on its line: empty, a comment, or an anchor, which changes nothing for what comes below. */
export function isEmptyValue(value: string): boolean {
  return value === "" || value.startsWith("#") || /^&[^\s,[\]{}]+(?:\s+#.*)?$/.test(value);
}

/** Whether a value that begins on this line may go on at any indentation: an open flow collection or an open quote. */
export function isOpenValue(value: string): boolean {
  const closer = closers.get(value.charAt(0));
  if (closer === undefined) return false;
  const close = value.lastIndexOf(closer);
  // Behind the last closing character only a comment may stand.
  return close < 1 || !/^\s*(?:\s#|$)/.test(value.slice(close + 1, close + 80));
}

function parseQuotedKey(line: string, quote: string): KeyLine | undefined {
  const close = line.indexOf(quote, 1);
  const inner = line.slice(1, Math.max(close, 1));
  // Escapes and doubled quotes are left to the whole-file parser: no chart is named like that.
  if (close < 0 || inner.includes("\\") || line.charAt(close + 1) === quote) return undefined;
  const colon = line.indexOf(":", close);
  if (colon < 0 || line.slice(close + 1, colon).trim() !== "" || !isBlankOrEnd(line, colon + 1)) return undefined;
  return { key: inner, value: line.slice(colon + 1).trim() };
}

function findKeyColon(line: string, from: number): number {
  let colon = line.indexOf(":", from);
  while (colon >= 0 && !isBlankOrEnd(line, colon + 1)) colon = line.indexOf(":", colon + 1);
  return colon;
}

function isBlankOrEnd(text: string, at: number): boolean {
  return at >= text.length || text.charAt(at) === " " || text.charAt(at) === "\t";
}
