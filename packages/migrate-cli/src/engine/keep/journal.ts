import { closeSync, fstatSync, ftruncateSync, readSync, rmSync } from "node:fs";

import { type ChartferryError, closeAll, isDigest, type Digest } from "@chartferry/core";

import { hashText } from "../tables/hash-text.ts";
import { createNumberTable, type NumberTable } from "../tables/number-table.ts";
import { createLineWriter } from "./journal-lines.ts";
import { beginsWithLine, notAJournal, openJournalFile, openToRead, readUnended } from "./journal-file.ts";
import { readLines } from "./read-lines.ts";

/** What an earlier run left at a target. Digests to compare with, never a proof that they are still there. */
export interface JournalEntry {
  /** `journalKey` of source, target, mapping and `created` policy. */
  readonly key: string;
  readonly chart: string;
  readonly version: string;
  readonly manifest: Digest;
  readonly layer?: Digest;
  /** `false` = it has none; absent in a line of a run that did not learn it. */
  readonly provenance?: Digest | false;
}

/** One line of JSON per finished version and target, only ever appended to. */
export interface Journal {
  readonly path: string;
  /** Why nothing more is written, once a write failed. That costs the next run requests, and is no reason to end this one. */
  readonly fault: ChartferryError | undefined;
  find(key: string, chart: string, version: string): JournalEntry | undefined;
  /** Lost when the process dies before `flush`: the next run then asks the registry once more. */
  append(entry: JournalEntry): void;
  /** Never throws; see `fault`. */
  flush(): void;
  close(): Promise<void>;
}

/** Bytes of one line; longer ones are not ours. */
const lineLimit = 64 * 1024;

/** Bytes of a line with both digests and names that are short, so that a long journal needs no table twice. */
const usualLine = 240;

/** Versions that a table is made for at once, at most: the file may be large and something else. */
const mostExpected = 1_000_000;

/**
 * Opens or creates the journal and becomes its only writer. In memory stand a hash and an offset per version;
 * the line itself is read when it is asked for. @throws journal-locked, file-unwritable, usage (the file is something else)
 */
export async function openJournal(path: string): Promise<Journal> {
  const { place, descriptor, lock } = await openJournalFile(path);
  const close = async (): Promise<void> => {
    await closeAll([() => closeSync(descriptor), () => lock.release()]);
  };
  const { offsets, end } = await indexOrClose(() => {
    const index = indexLines(descriptor, path);
    cutTornLine(descriptor, index.end);
    return index;
  }, close);
  const lines = createLineWriter(descriptor, { path, end, lock });
  // A run that found nothing to remember leaves nothing behind.
  const removeEmpty = async (): Promise<void> => {
    if (lines.next === 0 && (await lock.isHeld().catch(() => false))) rmSync(place, { force: true });
  };
  return {
    path,
    get fault() {
      return lines.fault;
    },
    find: (...names) => findEntry(descriptor, offsets, names),
    append(entry) {
      offsets.set(identity(entry), lines.next);
      lines.add(JSON.stringify(entry));
    },
    flush: () => lines.flush(),
    async close() {
      lines.flush();
      await closeAll([() => removeEmpty(), close]);
    },
  };
}

/** Opens a journal to look into it: it takes no lock and changes nothing, and a file that is not there is an empty journal. @throws usage, file-unreadable */
export async function openJournalToRead(path: string): Promise<Journal> {
  const descriptor = openToRead(path);
  const readOnly = { path, fault: undefined, append: () => {}, flush: () => {} };
  if (descriptor === undefined) return { ...readOnly, find: () => undefined, close: () => Promise.resolve() };
  const close = async (): Promise<void> => closeSync(descriptor);
  const { offsets } = await indexOrClose(() => indexLines(descriptor, path), close);
  return { ...readOnly, find: (...names) => findEntry(descriptor, offsets, names), close };
}

function findEntry(
  descriptor: number,
  offsets: NumberTable,
  [key, chart, version]: readonly [string, string, string],
): JournalEntry | undefined {
  const offset = offsets.get(identity({ key, chart, version }));
  const entry = offset === undefined ? undefined : readEntry(readLineAt(descriptor, offset));
  return entry?.key === key && entry.chart === chart && entry.version === version ? entry : undefined;
}

async function indexOrClose(index: () => JournalIndex, close: () => Promise<void>): Promise<JournalIndex> {
  try {
    return index();
  } catch (error) {
    await close();
    throw error;
  }
}

interface JournalIndex {
  /** Where each version's last line stands. */
  readonly offsets: NumberTable;
  /** Of the last whole line. */
  readonly end: number;
}

/**
 * Reads what is in the file.
 * @throws usage for a file that begins with something else: nothing in it is touched
 */
function indexLines(descriptor: number, path: string): JournalIndex {
  if (!beginsWithLine(descriptor, lineLimit)) throw notAJournal(path);
  const offsets = createNumberTable(Math.min(fstatSync(descriptor).size / usualLine, mostExpected));
  let end = 0;
  for (const { text, offset, next } of readLines(descriptor, lineLimit)) {
    const entry = readEntry(text);
    if (entry !== undefined) offsets.set(identity(entry), offset);
    else if (offset === 0) throw notAJournal(path);
    end = next;
  }
  if (end === 0 && !mayBeTorn(readUnended(descriptor, lineLimit))) throw notAJournal(path);
  return { offsets, end };
}

/** A killed run may have left the last line torn. */
function cutTornLine(descriptor: number, end: number): void {
  if (fstatSync(descriptor).size > end) ftruncateSync(descriptor, end);
}

/** Whether a file without a whole line may be a journal's: empty, or begun as our first line and torn. */
function mayBeTorn(text: string | undefined): boolean {
  if (text === undefined || text === "") return text === "";
  if (readEntry(text) !== undefined) return true;
  return /^\{"key":"[^"]*","chart":"/.test(text) && !isJson(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function readLineAt(descriptor: number, offset: number): string {
  // Nearly all lines are short: the longest may not cost each of them so much.
  for (const size of [4096, lineLimit + 1]) {
    const buffer = Buffer.alloc(size);
    const read = readSync(descriptor, buffer, 0, size, offset);
    const end = buffer.subarray(0, read).indexOf(10);
    if (end >= 0) return buffer.toString("utf8", 0, end);
    if (read < size) break;
  }
  return "";
}

/** `undefined` for whatever is not one of our lines: a damaged journal costs requests, never correctness. */
function readEntry(line: string): JournalEntry | undefined {
  try {
    const { key, chart, version, ...facts }: Partial<Record<keyof JournalEntry, unknown>> = JSON.parse(line);
    if (typeof key !== "string" || typeof chart !== "string" || typeof version !== "string") return undefined;
    const digests = readDigests(facts);
    return digests && { key, chart, version, ...digests };
  } catch {
    return undefined;
  }
}

type Digests = Pick<JournalEntry, "manifest" | "layer" | "provenance">;

function readDigests({ manifest, layer, provenance }: Partial<Record<keyof Digests, unknown>>): Digests | undefined {
  if (typeof manifest !== "string" || !isDigest(manifest)) return undefined;
  return {
    manifest,
    ...(typeof layer === "string" && isDigest(layer) ? { layer } : {}),
    ...(provenance === false ? { provenance: false as const } : {}),
    ...(typeof provenance === "string" && isDigest(provenance) ? { provenance } : {}),
  };
}

function identity({ key, chart, version }: Pick<JournalEntry, "key" | "chart" | "version">): number {
  return hashText(`${key}\n${chart}\n${version}`);
}
