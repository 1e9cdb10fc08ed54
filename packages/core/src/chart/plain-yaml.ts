import { hasLongLine } from "./yaml-refused-by-go.ts";

/** What no line here may have: tabs, control characters, the rarer line breaks. */
const unusual = /[^\n\u0020-\u007e\u00a0-\u1fff]/;
/** A key that is none. */
const nullKey = /(?:^|[\s{,])null *:/i;

const quoted = String.raw`"[^"\\\n]*"|'[^'\n]*'`;
const word = String.raw`\w[\w./-]*|${quoted}`;
/** All of them: were some left to what follows, a long row of them could be divided in too many ways. */
const gap = " *(?! )";
const pair = String.raw`[A-Za-z_][\w.-]*: ${gap}(?:${word})`;
const list = String.raw`\[${gap}(?:(?:${word})${gap}(?:,${gap}(?:${word})${gap})*)?\]`;
const map = String.raw`\{${gap}(?:${pair}${gap}(?:,${gap}${pair}${gap})*)?\}`;
/** Takes the spaces behind it along. */
const plain = String.raw`(?:-*[\w/$(]|<(?!<))(?:[^\n#:]|:(?=\S)|(?<! )#)*(?=[\n#]|$)`;

/** One line: indent, dash, key, a value or the head of a block text, comment. */
const line = new RegExp(
  String.raw`(${gap})(- ${gap}|-(?=\n|$))?(?:(${word}):(?=[ \n]|$))?${gap}(?:(~|${plain}|${quoted}|${list}|${map})|([|>][+-]?))?${gap}(?:(?<![^ \n])#[^\n]*)?(?:\n|$)`,
  "y",
);
const textLine = /( *)([^\n]*)(?:\n|$)/y;
const deepest = 100;

/** A block collection that may still go on. */
interface Level {
  readonly indent: number;
  readonly isList: boolean;
}

interface Walk {
  readonly text: string;
  at: number;
  readonly open: Level[];
  /** Where a value may still follow, on lines of its own. */
  pending: Level | undefined;
}

/**
 * Whether a document is a map in the YAML that most values files are written in, one key or item a line: then every reader takes it.
 * `false` says nothing. A parser takes four times as long, and of most values files nothing else is asked.
 */
export function isPlainMap(text: string): boolean {
  if (unusual.test(text) || nullKey.test(text) || hasLongLine(text)) return false;
  const walk: Walk = { text, at: text.startsWith("---\n") ? 4 : 0, open: [], pending: undefined };
  while (walk.at < text.length) if (!takeLine(walk)) return false;
  return true;
}

function takeLine(walk: Walk): boolean {
  line.lastIndex = walk.at;
  const match = line.exec(walk.text);
  if (match === null) return false;
  const [found, spaces, dash, key, value, block] = match;
  walk.at += found.length;
  const indent = lengthOf(spaces);
  const isEmpty = value === undefined && block === undefined;
  if (dash === undefined && key === undefined) return isEmpty || (block === undefined && takeLoneValue(walk, indent));
  const level = placeOf(walk, { indent, dash, key });
  walk.pending = isEmpty ? level : undefined;
  return level !== undefined && (block === undefined || passBlockText(walk, level.indent));
}

function lengthOf(text: string | undefined): number {
  return text?.length ?? 0;
}

/** The collection around the key or the item, which may be the map that begins behind a dash. */
function placeOf(
  walk: Walk,
  { indent, dash, key }: { readonly indent: number; readonly dash: string | undefined; readonly key: string | undefined },
): Level | undefined {
  const level = levelAt(walk, { indent, isList: dash !== undefined });
  if (level === undefined || dash === undefined || key === undefined) return level;
  return opened(walk, { indent: indent + dash.length, isList: false });
}

/** A value below its key or dash. */
function takeLoneValue(walk: Walk, indent: number): boolean {
  const fits = walk.pending !== undefined && indent > walk.pending.indent;
  walk.pending = undefined;
  return fits;
}

/** The collection that a line belongs to, perhaps begun by it; `undefined` = not plain. */
function levelAt(walk: Walk, found: Level): Level | undefined {
  let around = walk.open.at(-1);
  while (around !== undefined && isOver(around, found)) {
    walk.open.pop();
    around = walk.open.at(-1);
  }
  if (around?.indent === found.indent && around.isList === found.isList) return around;
  // A list may stand in the column of the key that it belongs to.
  const begins = around === undefined ? found.indent === 0 && !found.isList : around === walk.pending;
  return begins && walk.open.length < deepest ? opened(walk, found) : undefined;
}

function isOver(level: Level, { indent, isList }: Level): boolean {
  return level.indent > indent || (level.indent === indent && level.isList && !isList);
}

function opened({ open }: Walk, level: Level): Level {
  open.push(level);
  return level;
}

/** Passes the lines of a block text: those that are indented deeper than what it belongs to. */
function passBlockText(walk: Walk, around: number): boolean {
  let indent = 0;
  while (walk.at < walk.text.length) {
    textLine.lastIndex = walk.at;
    const [found, spaces, text] = textLine.exec(walk.text) ?? [];
    const own = lengthOf(spaces);
    if (text !== "" && own <= around) return true;
    // Blank lines that are longer than the first one with text are a fault.
    if (text === "" ? indent === 0 && own > 0 : own < indent) return false;
    if (text !== "") indent ||= own;
    walk.at += lengthOf(found);
  }
  return true;
}
