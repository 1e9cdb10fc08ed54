import { isChartferryError } from "../errors.ts";
import { endUnknown, indexInvalid, indexTruncated, withoutApiVersion } from "./index-error.ts";
import { problem } from "./index-entry.ts";
import type { IndexItem } from "./index-entry.ts";
import { latin1Chunks, reopenable } from "./index-input.ts";
import type { IndexContent } from "./index-input.ts";
import { isMap } from "./parsed-value.ts";
import { type PieceOptions, readJsonPieces } from "./read-json-index.ts";
import { readChartList, readPiece } from "./read-piece.ts";
import { listsFrom } from "./resume-whole.ts";
import { createSeenVersions } from "./seen-versions.ts";
import { createIndexSplitter, splitEnd, splitMore } from "./split-index.ts";
import type { IndexPiece } from "./split-index.ts";
import { surveyIndex } from "./survey-index.ts";
import type { IndexSurvey } from "./survey-index.ts";
import { createVersionSet } from "./version-set.ts";
import { parseWholeIndex } from "./whole-index.ts";
import type { WholeIndex } from "./whole-index.ts";

export interface ReadIndexOptions {
  /** Bytes of one entry; a larger one becomes a problem. Default: 2 MiB. */
  readonly entryLimit?: number;
  /** Bytes of an index that has to be parsed as a whole (YAML in flow style). Default: 64 MiB. */
  readonly wholeLimit?: number | undefined;
  /** The length of the download was checked. Default: false. */
  readonly lengthVerified?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes. The largest real entries (long change logs in annotations) stay below 100 KiB. */
const defaultEntryLimit = 2 * 1024 * 1024;

/**
 * Reads an `index.yaml` (or JSON) of any size with bounded memory. Nothing is yielded before the whole text has been seen to be
 * an index with an end; after that a bad entry is an item among the others. @throws index-invalid, index-truncated
 */
export async function* readClassicIndex(
  input: IndexContent | AsyncIterable<Uint8Array>,
  options: ReadIndexOptions = {},
): AsyncGenerator<IndexItem, void, undefined> {
  const content = await reopenable(input, options.signal);
  try {
    const { signal, lengthVerified = false, entryLimit = defaultEntryLimit } = options;
    const survey = await surveyIndex(content, { entryLimit, lengthVerified, signal });
    const whole = await wholeWhereNeeded(content, survey, options);
    if (whole !== undefined) {
      yield* judgeWholeEnd(whole, lengthVerified);
      yield* readWhole(whole);
      return;
    }
    for (const note of survey.notes) yield { kind: "note", note };
    const { repeated = createVersionSet() } = survey;
    const pieces = { ...options, entryLimit, repeated, signal };
    yield* survey.form === "yaml" ? readPieces(content, pieces) : readJsonPieces(content, pieces);
  } finally {
    await content.release();
  }
}

/** `undefined` = it is read piece by piece. @throws index-invalid, index-truncated */
async function wholeWhereNeeded(
  content: IndexContent,
  { form, reason = "" }: IndexSurvey,
  { wholeLimit, signal }: ReadIndexOptions,
): Promise<WholeIndex | undefined> {
  if (form === "yaml" || form === "json") return undefined;
  try {
    return await parseWholeIndex(content, { reason, wholeLimit, signal });
  } catch (error) {
    if (form === "whole-or-json" && isChartferryError(error, "index-invalid", "index-truncated")) return undefined;
    throw error;
  }
}

async function* readPieces(content: IndexContent, options: ReadIndexOptions & PieceOptions): AsyncGenerator<IndexItem, void, undefined> {
  const { entryLimit, signal } = options;
  const reading = { seenOf: createSeenVersions(options.repeated), entryLimit, chart: "", ordinal: -1, whole: wholeOnce(content, options) };
  for await (const piece of piecesOf(content, options)) {
    const items = await readPiece(reading, piece);
    if (!("openSince" in items)) {
      yield* items;
      continue;
    }
    const whole = await reading.whole();
    if (whole === undefined) yield items.problem;
    else {
      const lists = await listsFrom(items.openSince, whole, { content, entryLimit, signal });
      for (const { chart, value } of lists) yield* readChartList({ chart, line: 0 }, value, reading.seenOf(chart));
      return;
    }
  }
}

async function* piecesOf(
  content: IndexContent,
  options: ReadIndexOptions & { entryLimit: number },
): AsyncGenerator<IndexPiece, void, undefined> {
  const splitter = createIndexSplitter(options.entryLimit);
  for await (const chunk of latin1Chunks(content, options.signal)) yield* splitMore(splitter, chunk);
  yield* splitEnd(splitter);
}

/** Entries that refer to anchors elsewhere in the file are taken from the file parsed as a whole, at most once. */
function wholeOnce(content: IndexContent, options: ReadIndexOptions): () => Promise<WholeIndex | undefined> {
  let whole: Promise<WholeIndex | undefined> | undefined;
  const reason = "an entry refers to an anchor elsewhere in the file";
  return async () => {
    whole ??= parseWholeIndex(content, { reason, wholeLimit: options.wholeLimit, signal: options.signal }).catch(() => undefined);
    return whole;
  };
}

/** @throws index-truncated where the last line has no end, and nothing else tells that it is whole */
function* judgeWholeEnd(whole: WholeIndex, lengthVerified: boolean): Generator<IndexItem, void, undefined> {
  if (!whole.endUnknown || !isMap(whole.topLevel["entries"])) return;
  if (whole.endsOpen && !lengthVerified) throw indexTruncated("its last line has no end");
  yield { kind: "note", note: endUnknown };
}

function* readWhole(whole: WholeIndex): Generator<IndexItem, void, undefined> {
  if (whole.duplicateKeys)
    yield {
      kind: "note",
      note: { code: "duplicate-key", text: "the index names a key twice: of lists of versions each counts, of anything else the last" },
    };
  if (!Object.hasOwn(whole.topLevel, "apiVersion")) yield withoutApiVersion;
  const seen = createVersionSet();
  const entries = entriesOf(whole);
  if (whole.duplicateKeys && whole.lists === undefined) {
    const reason = "a key stands twice, and what stood under it first cannot be told: write each chart once";
    yield problem({ chart: "entries", line: 0 }, "", reason);
  }
  if (whole.lists === undefined) for (const [chart, list] of Object.entries(entries)) yield* readChartList({ chart, line: 0 }, list, seen);
  else for (const { chart, value } of whole.lists) yield* readChartList({ chart, line: 0 }, value, seen);
}

function entriesOf({ topLevel, endsOpen }: WholeIndex): Record<string, unknown> {
  const entries = Object.hasOwn(topLevel, "entries") ? topLevel["entries"] : undefined;
  if (isMap(entries)) return entries;
  if (entries === null || entries === "null" || entries === "~") return {};
  if (endsOpen) throw indexTruncated("it ends in the middle of a line, before any entry");
  const reason = entries === undefined ? "it has no entries" : "its entries are no map of charts";
  throw indexInvalid(reason, "Check that the url names a chart repository");
}
