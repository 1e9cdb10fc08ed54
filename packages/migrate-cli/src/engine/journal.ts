import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

import { ChartferryError, isDigest, type Digest, type HeldLock } from "@chartferry/core";

import { hashText } from "./hash-text.ts";
import { lockJournal } from "./journal-lock.ts";
import { readLines } from "./read-lines.ts";

/** What an earlier run left at a target. Digests to compare with, never a proof that they are still there. */
export interface JournalEntry {
  /** `journalKey` of source, target, mapping and `created` policy. */
  readonly key: string;
  readonly chart: string;
  readonly version: string;
  readonly manifest: Digest;
  readonly layer?: Digest;
}

/** One line of JSON per finished version and target, only ever appended to. */
export interface Journal {
  readonly path: string;
  find(key: string, chart: string, version: string): JournalEntry | undefined;
  /** Lost when the process dies before `flush`: the next run then asks the registry once more. */
  append(entry: JournalEntry): void;
  flush(): void;
  close(): Promise<void>;
}

/** Bytes of one line; longer ones are not ours. */
const lineLimit = 64 * 1024;
/** Bytes that may wait for one write. */
const pendingLimit = 16 * 1024;

/**
 * Opens or creates the journal and becomes its only writer. In memory stand a hash and an offset per version;
 * the line itself is read when it is asked for. @throws journal-locked, file-unwritable
 */
export async function openJournal(path: string): Promise<Journal> {
  const { descriptor, lock } = await openLocked(path);
  const offsets = new Map<number, number>();
  let end = indexLines(descriptor, offsets);
  let pending = "";
  const flush = (): void => {
    const bytes = Buffer.from(pending);
    for (let written = 0; written < bytes.byteLength;)
      written += writeSync(descriptor, bytes, written, bytes.byteLength - written, end + written);
    end += bytes.byteLength;
    pending = "";
  };
  return {
    path,
    find(key, chart, version) {
      const offset = offsets.get(identity({ key, chart, version }));
      const entry = offset === undefined ? undefined : readEntry(readLineAt(descriptor, offset));
      return entry?.key === key && entry.chart === chart && entry.version === version ? entry : undefined;
    },
    append(entry) {
      offsets.set(identity(entry), end + Buffer.byteLength(pending));
      pending += `${JSON.stringify(entry)}\n`;
      if (pending.length >= pendingLimit) flush();
    },
    flush,
    async close() {
      try {
        flush();
      } finally {
        closeSync(descriptor);
        // A run that found nothing to remember leaves nothing behind.
        if (end === 0) rmSync(path, { force: true });
        await lock.release();
      }
    },
  };
}

async function openLocked(path: string): Promise<{ descriptor: number; lock: HeldLock }> {
  let lock: HeldLock | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    lock = await lockJournal(path);
    const descriptor = openSync(path, "a+", 0o600);
    closeSync(descriptor);
    return { descriptor: openSync(path, "r+"), lock };
  } catch (error) {
    await lock?.release();
    if (error instanceof ChartferryError) throw error;
    throw new ChartferryError(`cannot write the journal ${path}: ${error instanceof Error ? error.message : "unknown error"}`, {
      code: "file-unwritable",
      operation: "open journal",
      hint: "choose another place with --journal FILE, or go without with --no-journal",
      cause: error,
    });
  }
}

/** Remembers where each version's last line stands, and cuts off a line that a killed run left torn. Returns the end of the file. */
function indexLines(descriptor: number, offsets: Map<number, number>): number {
  let end = 0;
  for (const { text, offset, next } of readLines(descriptor, lineLimit)) {
    const entry = readEntry(text);
    if (entry !== undefined) offsets.set(identity(entry), offset);
    end = next;
  }
  if (fstatSync(descriptor).size > end) ftruncateSync(descriptor, end);
  return end;
}

function readLineAt(descriptor: number, offset: number): string {
  const buffer = Buffer.alloc(4096);
  const text = buffer.toString("utf8", 0, readSync(descriptor, buffer, 0, buffer.byteLength, offset));
  const end = text.indexOf("\n");
  return end < 0 ? "" : text.slice(0, end);
}

/** `undefined` for whatever is not one of our lines: a damaged journal costs requests, never correctness. */
function readEntry(line: string): JournalEntry | undefined {
  try {
    const { key, chart, version, manifest, layer }: Partial<Record<keyof JournalEntry, unknown>> = JSON.parse(line);
    if (typeof key !== "string" || typeof chart !== "string" || typeof version !== "string") return undefined;
    if (typeof manifest !== "string" || !isDigest(manifest)) return undefined;
    return { key, chart, version, manifest, ...(typeof layer === "string" && isDigest(layer) ? { layer } : {}) };
  } catch {
    return undefined;
  }
}

function identity({ key, chart, version }: Pick<JournalEntry, "key" | "chart" | "version">): number {
  return hashText(`${key}\n${chart}\n${version}`);
}
