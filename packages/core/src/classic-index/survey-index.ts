import type { Note } from "../note.ts";
import { endUnknown, indexInvalid, indexTruncated, refuseForeignContent, withoutApiVersion } from "./index-error.ts";
import { latin1Chunks, utf8Text } from "./index-input.ts";
import type { IndexContent } from "./index-input.ts";
import { surveyJsonIndex } from "./read-json-index.ts";
import { watchCharts } from "./seen-versions.ts";
import { createIndexSplitter, splitEnd, splitMore } from "./split-index.ts";
import type { IndexPiece, IndexSplitter } from "./split-index.ts";
import type { VersionSet } from "./version-set.ts";

export interface SurveyOptions {
  /** Bytes of one entry. */
  readonly entryLimit: number;
  /** Whether the length of the download was checked: then only the file itself can be incomplete. */
  readonly lengthVerified: boolean;
  readonly signal: AbortSignal | undefined;
}

export interface IndexSurvey {
  /** `yaml`, `json`: it can be read piece by piece. `whole-or-json`: as a whole, and where that fails piece by piece. */
  readonly form: "yaml" | "json" | "whole" | "whole-or-json";
  /** Why the file is to be parsed as a whole. */
  readonly reason?: string;
  readonly notes: readonly Note[];
  /** Charts that it names again after others, where it is read piece by piece. */
  readonly repeated?: VersionSet;
}

/** Looks through the whole index before anything is taken from it: its form, and whether it ends where an index ends. @throws index-invalid, index-truncated */
export async function surveyIndex(content: IndexContent, options: SurveyOptions): Promise<IndexSurvey> {
  const splitter = createIndexSplitter(options.entryLimit);
  const head = { text: "", judged: false };
  const charts = watchCharts();
  let last: IndexPiece | undefined;
  const look = (pieces: readonly IndexPiece[]): void => {
    for (const piece of pieces) {
      if (piece.chart !== last?.chart) charts.pass(utf8Text(piece.chart));
      last = piece;
    }
  };
  let finalNewline = false;
  for await (const chunk of latin1Chunks(content, options.signal)) {
    if (isFlow(head, chunk)) return surveyJsonIndex(content, options);
    look(splitMore(splitter, chunk));
    if (splitter.irregular !== undefined) break;
    finalNewline = chunk.endsWith("\n");
  }
  if (!head.judged) refuseForeignContent(head.text);
  look(splitEnd(splitter));
  if (splitter.irregular !== undefined) return { form: "whole", reason: splitter.irregular, notes: [] };
  const end = { last, finalNewline, lengthVerified: options.lengthVerified };
  const whole = finalNewline || options.lengthVerified;
  const notes = splitter.topKeys.has("entries") ? judgeEnd(splitter, end) : withoutEntries(whole);
  return { form: "yaml", repeated: charts.repeated, notes };
}

/** Looks at the first characters, once there are enough of them. @throws index-invalid for what is no YAML at first sight */
function isFlow(head: { text: string; judged: boolean }, chunk: string): boolean {
  if (head.judged) return false;
  head.text += chunk;
  const start = head.text.trimStart();
  // Enough to judge by; and blank space without end is not waited for.
  head.judged = start.length >= 512 || head.text.length >= 65_536;
  if (head.judged) refuseForeignContent(head.text);
  return start.startsWith("{");
}

function withoutEntries(whole: boolean): never {
  if (!whole) throw indexTruncated("it ends before its entries");
  throw indexInvalid("it has no entries", "Check that the url names a chart repository: its index has a key entries");
}

interface IndexEnd {
  readonly last: IndexPiece | undefined;
  readonly finalNewline: boolean;
  readonly lengthVerified: boolean;
}

function judgeEnd(splitter: IndexSplitter, end: IndexEnd): Note[] {
  const notes: Note[] = splitter.topKeys.has("apiVersion") ? [] : [withoutApiVersion.note];
  return splitter.closed ? notes : [...notes, ...judgeOpenEnd(splitter, end)];
}

/**
 * Helm sorts the keys, so `generated` follows the entries. Where nothing does (one that came before says nothing), the file counts as cut off
 * only if it ends in the middle of a line, or before any chart: an entry that lacks something may be written so, and hides no other.
 */
function judgeOpenEnd(splitter: IndexSplitter, { last, finalNewline, lengthVerified }: IndexEnd): Note[] {
  const bare = splitter.section === "entries" && last === undefined;
  if (last === undefined && !bare) return [];
  if (bare && !lengthVerified) throw indexTruncated("it ends before the first of its entries", "write entries: {}");
  if (!finalNewline && !lengthVerified) throw indexTruncated("its last line has no end");
  return [endUnknown];
}
