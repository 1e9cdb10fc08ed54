import { utf8Text } from "./index-input.ts";
import { isDashLine, isEmptyValue, isOpenValue, parseKeyLine } from "./index-key-line.ts";
import { topKey } from "./index-keys.ts";
import { extendSkeleton, skeletonOf } from "./oversized-item.ts";
import type { ItemSkeleton } from "./oversized-item.ts";

/** One part of the index that can be parsed by itself. Text is latin1: one character a byte. */
export type IndexPiece =
  /** One element of a chart's list, with its dash. `oversized`: only its short top-level lines are left. */
  | { readonly kind: "item"; readonly chart: string; readonly text: string; readonly line: number; readonly oversized: boolean }
  /** A chart whose value is no block list: the whole `key: value`. */
  | { readonly kind: "chart"; readonly chart: string; readonly text: string; readonly line: number };

/**
 * Where the splitter stands. The structure it relies on: `entries:` at indent 0, chart keys at the indent of the first of them,
 * items at the indent of the chart's first dash, which no text inside an item reaches. In quotes or brackets it may, in Helm's reader: its item does not
 * parse then, and what follows is taken from the whole file.
 */
export interface IndexSplitter {
  /** Characters not yet released. */
  text: string;
  /** Where the open piece begins in `text`; -1 = none. */
  start: number;
  startLine: number;
  /** The first line not yet read, and how far the search for its end has come. */
  scan: number;
  searched: number;
  line: number;
  section: "head" | "skip" | "entries" | "done";
  chart: string;
  chartIndent: number;
  dashIndent: number;
  open: "none" | "chart" | "item";
  /** Whether the open chart has a value that is no list. */
  valued: boolean;
  skeleton: ItemSkeleton | undefined;
  /** The rest of an overlong line is thrown away. */
  dropping: boolean;
  /** Why the file has to be parsed as a whole instead. */
  irregular: string | undefined;
  readonly topKeys: Set<string>;
  /** Whether a top-level key stands after `entries`: such an index was not cut within its entries. */
  closed: boolean;
  readonly pieces: IndexPiece[];
  readonly itemLimit: number;
}

/** `itemLimit`: characters (bytes) of one entry. */
export function createIndexSplitter(itemLimit: number): IndexSplitter {
  return {
    text: "",
    start: -1,
    startLine: 0,
    scan: 0,
    searched: 0,
    line: 0,
    section: "head",
    chart: "",
    chartIndent: -1,
    dashIndent: -1,
    open: "none",
    valued: false,
    skeleton: undefined,
    dropping: false,
    irregular: undefined,
    topKeys: new Set(),
    closed: false,
    pieces: [],
    itemLimit,
  };
}

/** Takes the next characters and returns the pieces that they complete. */
export function splitMore(splitter: IndexSplitter, chunk: string): IndexPiece[] {
  const keep = splitter.start >= 0 ? Math.min(splitter.start, splitter.scan) : splitter.scan;
  rebase(splitter, keep, chunk);
  let end = splitter.text.indexOf("\n", splitter.searched);
  while (end >= 0 && splitter.irregular === undefined) {
    takeLine(splitter, end);
    splitter.scan = end + 1;
    end = splitter.text.indexOf("\n", splitter.scan);
  }
  splitter.searched = splitter.text.length;
  dropOverlongLine(splitter);
  return takePieces(splitter);
}

/** The last line, where it has no line end, and the piece still open. */
export function splitEnd(splitter: IndexSplitter): IndexPiece[] {
  const end = splitter.text.length;
  if (splitter.irregular === undefined && splitter.scan < end) takeLine(splitter, end);
  splitter.scan = end;
  closePiece(splitter, end);
  return takePieces(splitter);
}

function rebase(splitter: IndexSplitter, keep: number, chunk: string): void {
  splitter.text = splitter.text.slice(keep) + chunk;
  splitter.scan -= keep;
  splitter.searched -= keep;
  if (splitter.start >= 0) splitter.start -= keep;
}

function takePieces(splitter: IndexSplitter): IndexPiece[] {
  return splitter.pieces.splice(0);
}

function takeLine(splitter: IndexSplitter, lineEnd: number): void {
  splitter.line += 1;
  if (splitter.dropping) {
    splitter.dropping = false;
    if (splitter.start >= 0) splitter.start = lineEnd + 1;
    return;
  }
  const { text, scan } = splitter;
  let first = scan;
  while (text.charCodeAt(first) === 32) first += 1;
  const indent = first - scan;
  if (splitter.open !== "item" || indent <= splitter.dashIndent) readStructure(splitter, { first, indent, lineEnd });
  limitItem(splitter, indent, lineEnd);
}

/** A line that may end or begin something; lines deeper than the item's dash never come here. */
function readStructure(splitter: IndexSplitter, at: { first: number; indent: number; lineEnd: number }): void {
  const end = splitter.text.charCodeAt(at.lineEnd - 1) === 13 ? at.lineEnd - 1 : at.lineEnd;
  if (at.first >= end || splitter.text.charCodeAt(at.first) === 35 || splitter.section === "done") return;
  const line = splitter.text.slice(at.first, end);
  if (at.indent === 0) readTopLine(splitter, line);
  else if (splitter.section === "entries") readEntriesLine(splitter, line, at.indent);
  else if (splitter.section === "head") splitter.irregular = "its first line is indented";
}

function readTopLine(splitter: IndexSplitter, line: string): void {
  if (readDocumentMarker(splitter, line) || belongsAbove(splitter, line)) return;
  const parsed = parseKeyLine(line);
  if (parsed === undefined) {
    splitter.irregular = `line ${splitter.line} is no plain top-level key`;
    return;
  }
  closePiece(splitter, splitter.scan);
  const key = topKey(utf8Text(parsed.key));
  splitter.closed = splitter.topKeys.has("entries") && key !== "entries";
  if (splitter.topKeys.size < 64) splitter.topKeys.add(key);
  if (key === "entries") beginEntries(splitter, parsed.value);
  else beginSkipped(splitter, parsed.value);
}

/** Directives, lists that are not indented below their key, and tabs: no indentation in YAML, so the entry around will not parse. */
function belongsAbove(splitter: IndexSplitter, line: string): boolean {
  if (line.startsWith("%")) return splitter.topKeys.size === 0;
  return isDashLine(line) ? splitter.section === "skip" : line.startsWith("\t") && splitter.open === "item";
}

function readDocumentMarker(splitter: IndexSplitter, line: string): boolean {
  const marker = /^(?:---|\.\.\.)(?=\s|$)(.*)$/.exec(line);
  if (marker === null) return false;
  const begun = splitter.topKeys.size > 0;
  if (begun) {
    closePiece(splitter, splitter.scan);
    splitter.section = "done";
    splitter.closed = true;
  } else if (!isEmptyValue(marker[1]?.trim() ?? "")) splitter.irregular = "its content begins on the line of the document marker";
  return true;
}

function beginEntries(splitter: IndexSplitter, value: string): void {
  splitter.chartIndent = -1;
  splitter.section = isEmptyValue(value) ? "entries" : "skip";
  if (!isEmptyValue(value) && !/^(?:\{\s*\}|null|~)(?:\s+#.*)?$/i.test(value)) splitter.irregular = "its entries are written in flow style";
}

function beginSkipped(splitter: IndexSplitter, value: string): void {
  splitter.section = "skip";
  if (isOpenValue(value)) splitter.irregular = `line ${splitter.line} begins a value that goes on in the next line`;
}

function readEntriesLine(splitter: IndexSplitter, line: string, indent: number): void {
  const dash = isDashLine(line);
  if (splitter.chartIndent < 0 && !dash) splitter.chartIndent = indent;
  if (indent < splitter.chartIndent || splitter.chartIndent < 0) {
    splitter.irregular = `line ${splitter.line} is indented unlike the charts above it`;
  } else if (dash && beginsItem(splitter, indent)) openItem(splitter, indent);
  else if (indent === splitter.chartIndent) readChartKey(splitter, line);
  else if (splitter.open === "chart") splitter.valued = true;
}

/** The first dash of a chart sets the indent of all its items. */
function beginsItem(splitter: IndexSplitter, indent: number): boolean {
  return splitter.open !== "none" && !splitter.valued && (splitter.dashIndent < 0 || splitter.dashIndent === indent);
}

function readChartKey(splitter: IndexSplitter, line: string): void {
  const parsed = parseKeyLine(line);
  if (parsed === undefined || isOpenValue(parsed.value)) {
    splitter.irregular = `line ${splitter.line} is no plain chart name`;
    return;
  }
  closePiece(splitter, splitter.scan);
  Object.assign(splitter, { open: "chart", start: splitter.scan, startLine: splitter.line, chart: parsed.key, dashIndent: -1 });
  splitter.valued = !isEmptyValue(parsed.value);
}

function openItem(splitter: IndexSplitter, indent: number): void {
  if (splitter.open === "item") closePiece(splitter, splitter.scan);
  Object.assign(splitter, { open: "item", start: splitter.scan, startLine: splitter.line, dashIndent: indent });
}

function closePiece(splitter: IndexSplitter, end: number): void {
  if (splitter.open === "none" || splitter.irregular !== undefined) return;
  const kind = splitter.open;
  const oversized = splitter.skeleton !== undefined;
  const text = splitter.skeleton?.text ?? splitter.text.slice(splitter.start, end);
  splitter.pieces.push({ kind, chart: splitter.chart, text, line: splitter.startLine, oversized });
  Object.assign(splitter, { open: "none", start: -1, skeleton: undefined });
}

/** Keeps an item within its limit: beyond it only what names the version is kept, so that the report can say which one it was. */
function limitItem(splitter: IndexSplitter, indent: number, lineEnd: number): void {
  if (splitter.start < 0) return;
  if (splitter.skeleton !== undefined) {
    extendSkeleton(splitter.skeleton, indent, splitter.text.slice(splitter.scan, lineEnd));
    splitter.start = lineEnd + 1;
  } else if (lineEnd - splitter.start > splitter.itemLimit) {
    if (splitter.open === "chart") splitter.irregular = `line ${splitter.startLine} begins a value above the limit for one entry`;
    splitter.skeleton = skeletonOf(splitter.text.slice(splitter.start, lineEnd));
    splitter.start = lineEnd + 1;
  }
}

function dropOverlongLine(splitter: IndexSplitter): void {
  const { text, scan, itemLimit } = splitter;
  if (splitter.irregular !== undefined) splitter.scan = text.length;
  if (splitter.irregular !== undefined || text.length - scan <= itemLimit) return;
  if (!splitter.dropping && !mayDrop(splitter)) {
    splitter.irregular = `line ${splitter.line + 1} is above the limit for one entry`;
    return;
  }
  if (splitter.open === "item") {
    splitter.skeleton ??= skeletonOf(text.slice(splitter.start, scan));
    splitter.start = text.length;
  }
  splitter.dropping = true;
  splitter.scan = text.length;
}

/** Only text deep inside an item, or outside the entries, may be thrown away: never a line that could name a chart. */
function mayDrop({ text, scan, open, dashIndent, section }: IndexSplitter): boolean {
  const indent = text.slice(scan).search(/[^ ]/);
  return open === "item" ? indent > dashIndent : section === "done" || (section === "skip" && indent > 0);
}
