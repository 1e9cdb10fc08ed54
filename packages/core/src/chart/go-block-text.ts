/** One line of a block text. */
interface Line {
  readonly text: string;
  /** Its line break; empty at the end of the file. */
  readonly ending: string;
}

/**
 * The value of a block text as goyaml reads it. `source` begins with its header, `before` is what stands before that in its line.
 * `undefined` = how much of it is indentation is not told.
 */
export function blockText(source: string, before: string): string | undefined {
  const [header, ...lines] = linesOf(source);
  const marks = /^[|>][-+\d]*/.exec(header?.text ?? "")?.[0] ?? "|";
  const indent = indentOf(marks, lines, before);
  if (indent === undefined) return undefined;
  const reading: Reading = { indent, folds: marks.startsWith(">"), text: "", leading: "", trailing: "", blank: false };
  for (const line of lines) readLine(reading, line);
  return reading.text + (marks.includes("-") ? "" : reading.leading) + (marks.includes("+") ? reading.trailing : "");
}

function indentOf(marks: string, lines: readonly Line[], before: string): number | undefined {
  const given = /\d/.exec(marks)?.[0];
  if (given === undefined) return leadingIndent(lines);
  const around = indentAround(before);
  return around === undefined ? undefined : around + Number(given);
}

/** The column of the collection that the text belongs to: of the key before it, or of the dash where there is none. */
function indentAround(before: string): number | undefined {
  const dashes = /^ *(?:[-?][ \t]+)*/.exec(before)?.[0] ?? "";
  const key = before.slice(dashes.length).replace(/^(?:[&!]\S*\s+)*/, "");
  if (key !== "") return dashes.length;
  return dashes.trim() === "" ? undefined : dashes.trimEnd().length - 1;
}

function linesOf(source: string): Line[] {
  const lines = Array.from(source.matchAll(/([^\r\n\u2028\u2029]*)(\r\n|[\r\n\u2028\u2029]|$)/g), ([, text = "", ending = ""]) => ({
    text,
    ending: /[\u2028\u2029]/.test(ending) ? ending : ending.replace(/\r\n|\r/, "\n"),
  }));
  // The pattern matches once more at the end, without a character.
  return lines.slice(0, lines.at(-1)?.text === "" ? -1 : undefined);
}

/** Of the blank lines and the first one with text, whichever has most. */
function leadingIndent(lines: readonly Line[]): number {
  let indent = 1;
  for (const { text } of lines) {
    indent = Math.max(indent, text.search(/[^ ]|$/));
    if (/[^ ]/.test(text)) break;
  }
  return indent;
}

interface Reading {
  readonly indent: number;
  readonly folds: boolean;
  text: string;
  /** The line break before what comes next, and those of the blank lines behind it. */
  leading: string;
  trailing: string;
  /** Whether the line before began with a blank. */
  blank: boolean;
}

/** Source: yaml_parser_scan_block_scalar. */
function readLine(reading: Reading, { text, ending }: Line): void {
  const content = text.slice(reading.indent);
  if (content === "") {
    reading.trailing += ending;
    return;
  }
  const blank = /^[ \t]/.test(content);
  const joins = reading.folds && !reading.blank && !blank && reading.leading === "\n";
  reading.text += joins ? (reading.trailing === "" ? " " : "") : reading.leading;
  reading.text += reading.trailing + content;
  Object.assign(reading, { leading: ending, trailing: "", blank });
}
