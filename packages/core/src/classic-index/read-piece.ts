import { problem, readIndexEntry } from "./index-entry.ts";
import type { IndexItem } from "./index-entry.ts";
import { utf8Text } from "./index-input.ts";
import { endsWithin, isForeignAlias, parseIndexYaml, yamlReason } from "./parse-index-yaml.ts";
import type { ParsedYaml } from "./parse-index-yaml.ts";
import { isMap, listOf } from "./parsed-value.ts";
import type { IndexPiece } from "./split-index.ts";
import type { VersionSet } from "./version-set.ts";
import type { WholeIndex } from "./whole-index.ts";

export interface PieceReading {
  /** The versions seen so far that a chart of this name may repeat. */
  readonly seenOf: (chart: string) => VersionSet;
  readonly entryLimit: number;
  /** The chart being read and the position of its last item. */
  chart: string;
  ordinal: number;
  readonly whole: () => Promise<WholeIndex | undefined>;
}

/** An entry that ends within a text in quotes or brackets: what was split off behind it may belong to it. */
export interface OpenPiece {
  /** The line where it begins. */
  readonly openSince: number;
  /** What to say of it where the file cannot be read as a whole either. */
  readonly problem: IndexItem;
}

/** The items of one piece. A promise only where another part of the file is needed. */
export function readPiece(reading: PieceReading, piece: IndexPiece): IndexItem[] | OpenPiece | Promise<IndexItem[]> {
  const at = { chart: utf8Text(piece.chart), line: piece.line };
  if (piece.kind === "chart") return readChartPiece(reading, piece.text, at);
  reading.ordinal = reading.chart === at.chart ? reading.ordinal + 1 : 0;
  reading.chart = at.chart;
  if (piece.oversized) return [problem(at, versionIn(piece.text), `the entry is larger than ${reading.entryLimit} bytes`)];
  const text = utf8Text(piece.text);
  try {
    const { value, duplicateKeys } = parseIndexYaml(text);
    return [readIndexEntry({ ...at, value: listOf(value)?.[0] ?? null, duplicateKeys }, reading.seenOf(at.chart))];
  } catch (error) {
    if (isForeignAlias(error)) return readAliased(reading, at, reading.ordinal);
    const item = problem({ chart: at.chart, line: 0 }, versionIn(text), `the entry is no valid YAML: ${yamlReason(error, at.line)}`);
    return endsWithin(error) ? { openSince: at.line, problem: item } : [item];
  }
}

/** The items of a chart's list that was parsed with the whole file. */
export function readChartList(at: { chart: string; line: number }, list: unknown, seen: VersionSet): IndexItem[] {
  if (list === null || list === "" || list === "null" || list === "~") return [];
  const values = listOf(list);
  if (values === undefined) return [problem(at, "", "its value is no list of versions")];
  return values.map((value) => readIndexEntry({ ...at, value }, seen));
}

function readChartPiece(reading: PieceReading, text: string, at: { chart: string; line: number }): IndexItem[] {
  let parsed: ParsedYaml;
  try {
    parsed = parseIndexYaml(utf8Text(text));
  } catch (error) {
    return [problem(at, "", `its value is no valid YAML: ${yamlReason(error, at.line)}`)];
  }
  const [list] = Object.values(isMap(parsed.value) ? parsed.value : {});
  return readChartList(at, list ?? null, reading.seenOf(at.chart));
}

async function readAliased(reading: PieceReading, at: { chart: string; line: number }, ordinal: number): Promise<IndexItem[]> {
  const whole = await reading.whole();
  const charts = whole?.topLevel["entries"];
  const list: unknown = isMap(charts) && Object.hasOwn(charts, at.chart) ? charts[at.chart] : undefined;
  const value = listOf(list)?.[ordinal];
  const repeated = (whole?.lists?.filter(({ chart }) => chart === at.chart).length ?? 0) > 1;
  if (repeated) return [problem(at, "", "the entry refers to an anchor, and its chart stands twice: write each chart once")];
  if (value !== undefined) return [readIndexEntry({ ...at, value }, reading.seenOf(at.chart))];
  return [problem(at, "", "the entry refers to an anchor that cannot be found")];
}

/** The version in an entry that cannot be parsed, so that the report can name it. Only the item's own lines, never deeper ones. */
function versionIn(text: string): string {
  const indent = /^ *- +/.exec(text)?.[0].length ?? 2;
  const own = new RegExp(`^(?: {${indent}}| *- +)version:[ \\t]+["']?([0-9A-Za-z.+_-]{1,128})["']?[ \\t]*\\r?$`, "m");
  return own.exec(text)?.[1] ?? "";
}
