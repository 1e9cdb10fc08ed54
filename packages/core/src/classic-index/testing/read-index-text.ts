import { ChartferryError } from "../../errors.ts";
import type { SourceEntry } from "../../source/chart-source.ts";
import { readClassicIndex } from "../read-classic-index.ts";
import type { ReadIndexOptions } from "../read-classic-index.ts";

export interface ReadIndex {
  readonly entries: SourceEntry[];
  readonly problems: { chart: string; version: string; message: string }[];
  /** Of the problems, one each. */
  readonly codes: string[];
  readonly notes: string[];
}

/** Reads an index given as text or bytes, in chunks of `chunkBytes`. */
export async function readIndexText(
  index: string | Uint8Array,
  options: ReadIndexOptions & { chunkBytes?: number } = {},
): Promise<ReadIndex> {
  const bytes = typeof index === "string" ? Buffer.from(index) : index;
  const read: ReadIndex = { entries: [], problems: [], codes: [], notes: [] };
  // Content that is opened, and not a stream: that would be kept aside, and come out of memory in one piece.
  const content = { open: () => chunksOf(bytes, options.chunkBytes ?? 65_536) };
  for await (const item of readClassicIndex(content, options)) {
    if (item.kind === "entry") read.entries.push(item.entry);
    else if (item.kind === "note") read.notes.push(item.note.code);
    else {
      read.problems.push({ chart: item.problem.chart, version: item.problem.version, message: item.problem.error.message });
      read.codes.push(item.problem.error.code);
    }
  }
  return read;
}

/** The code that reading fails with. */
export async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return error instanceof ChartferryError ? `${error.code}: ${error.message}` : `unexpected ${String(error)}`;
  }
  return "no failure";
}

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}
