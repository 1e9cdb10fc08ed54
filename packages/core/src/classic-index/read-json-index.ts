import { problem, readIndexEntry } from "./index-entry.ts";
import type { IndexItem } from "./index-entry.ts";
import { indexInvalid, indexTruncated, withoutApiVersion } from "./index-error.ts";
import { latin1Chunks, utf8Text } from "./index-input.ts";
import type { IndexContent } from "./index-input.ts";
import { createJsonScanner, type JsonPiece, type JsonScanner } from "./json-scanner.ts";
import { parseIndexYaml, type ParsedYaml } from "./parse-index-yaml.ts";
import { isMap, listOf } from "./parsed-value.ts";
import { readChartList } from "./read-piece.ts";
import { scanMore } from "./scan-json.ts";
import { createSeenVersions, watchCharts } from "./seen-versions.ts";
import type { IndexSurvey, SurveyOptions } from "./survey-index.ts";
import type { VersionSet } from "./version-set.ts";

/** Looks through the whole index before anything is taken from it. @throws index-invalid, index-truncated */
export async function surveyJsonIndex(content: IndexContent, { entryLimit, signal }: SurveyOptions): Promise<IndexSurvey> {
  const scanner = createJsonScanner(entryLimit);
  const charts = watchCharts();
  const { repeated } = charts;
  for await (const chunk of latin1Chunks(content, signal)) {
    for (const { chart } of scanMore(scanner, chunk)) charts.pass(chart);
    if (scanner.irregular !== undefined) return { form: "whole", reason: scanner.irregular, notes: [] };
  }
  if (scanner.foreign) return surveyForeign(scanner, repeated);
  if (scanner.place !== "end") throw indexTruncated("it ends before its last bracket is closed");
  return { form: "json", repeated, notes: judge(scanner) };
}

/** Where YAML's quotes stand around brackets, these are none: only the whole parse knows. What it cannot read may still be JSON with a few bad entries. */
function surveyForeign(scanner: JsonScanner, repeated: VersionSet): IndexSurvey {
  const whole = { form: "whole", reason: "it is written in flow style", notes: [] } as const;
  return scanner.place === "end" && scanner.entries === "map"
    ? { ...whole, form: "whole-or-json", repeated, notes: judge(scanner) }
    : whole;
}

function judge({ entries, topKeys }: JsonScanner): IndexSurvey["notes"] {
  const hint = "Check that the url names a chart repository";
  if (entries === "missing") throw indexInvalid("it has no entries", hint);
  if (entries === "other") throw indexInvalid("its entries are no map of charts", hint);
  return topKeys.has("apiVersion") ? [] : [withoutApiVersion.note];
}

export interface PieceOptions extends Pick<SurveyOptions, "entryLimit" | "signal"> {
  /** As the survey found them. */
  readonly repeated: VersionSet;
}

/** The entries of an index that was surveyed, one at a time. */
export async function* readJsonPieces(
  content: IndexContent,
  { entryLimit, repeated, signal }: PieceOptions,
): AsyncGenerator<IndexItem, void, undefined> {
  const scanner = createJsonScanner(entryLimit);
  const seenOf = createSeenVersions(repeated);
  for await (const chunk of latin1Chunks(content, signal)) {
    for (const piece of scanMore(scanner, chunk)) yield* readJsonPiece(piece, seenOf(piece.chart), entryLimit);
  }
}

function readJsonPiece(piece: JsonPiece, seen: VersionSet, entryLimit: number): IndexItem[] {
  // An index that stands on one line has no line to look for.
  const at = { chart: piece.chart, line: piece.line > 1 ? piece.line : 0 };
  if (piece.kind === "chart") return readChartList(at, (parseJson(piece.text ?? "{}") ?? { value: {} }).value, seen);
  if (piece.text === undefined) return [problem(at, piece.version, `the entry is larger than ${entryLimit} bytes`)];
  const parsed = parseJson(piece.text);
  if (parsed === undefined) return [problem(at, piece.version, "the entry is no valid JSON")];
  const duplicateKeys = parsed.duplicateKeys || membersOf(parsed.value) < piece.members;
  return [readIndexEntry({ ...at, value: parsed.value, duplicateKeys }, seen)];
}

/** Helm reads JSON as YAML, which forgives bare words and a comma too many. `undefined` = it is neither. */
function parseJson(latin1: string): ParsedYaml | undefined {
  const text = utf8Text(latin1);
  try {
    return { value: JSON.parse(text), duplicateKeys: false };
  } catch {
    return parseYaml(text);
  }
}

function parseYaml(text: string): ParsedYaml | undefined {
  try {
    return text.trim() === "" ? undefined : parseIndexYaml(text);
  } catch {
    return undefined;
  }
}

/** Keys at any depth, without recursion: an entry may be nested as deeply as its bytes allow. */
function membersOf(value: unknown): number {
  let members = 0;
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    const inner = isMap(next) ? Object.values(next) : (listOf(next) ?? []);
    if (isMap(next)) members += inner.length;
    for (const each of inner) if (typeof each === "object" && each !== null) open.push(each);
  }
  return members;
}
