import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";

import { ChartferryError, type HeldLock, makeFolder, unwritableCode } from "@chartferry/core";

import { realPlace } from "../real-place.ts";
import { lockJournal } from "./journal-lock.ts";

export interface JournalFile {
  /** Without links. */
  readonly place: string;
  readonly descriptor: number;
  readonly lock: HeldLock;
}

/** Opens or creates the file and becomes its only writer; nothing in it is changed. @throws journal-locked, file-unwritable */
export async function openJournalFile(path: string): Promise<JournalFile> {
  let lock: HeldLock | undefined;
  try {
    await makeFolder(dirname(path), 0o700);
    // A device or a pipe may be read without end, and would be removed as an empty journal.
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) throw new Error("it is no ordinary file");
    const place = await realPlace(path);
    lock = await lockJournal(place);
    closeSync(openSync(place, "a+", 0o600));
    return { place, descriptor: openSync(place, "r+"), lock };
  } catch (error) {
    await lock?.release();
    if (error instanceof ChartferryError) throw error;
    throw journalUnwritable(path, error);
  }
}

/** `undefined` = there is none. @throws file-unreadable */
export function openToRead(path: string): number | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    if (!found.isFile()) throw new Error("it is no ordinary file");
    return openSync(path, "r");
  } catch (error) {
    throw new ChartferryError(`cannot read the journal ${path}: ${error instanceof Error ? error.message : "unknown error"}`, {
      code: "file-unreadable",
      operation: "read journal",
      hint: "choose another place with --journal FILE, or go without with --no-journal",
      cause: error,
    });
  }
}

export function journalUnwritable(path: string, cause: unknown): ChartferryError {
  return new ChartferryError(`cannot write the journal ${path}: ${cause instanceof Error ? cause.message : "unknown error"}`, {
    code: unwritableCode(cause),
    operation: "write journal",
    hint: "choose another place with --journal FILE, or go without with --no-journal",
    cause,
  });
}

/** Whether the first line ends within `limit` bytes, or the whole file does: a large file of another kind need not be read to its end. */
export function beginsWithLine(descriptor: number, limit: number): boolean {
  const buffer = Buffer.alloc(limit + 1);
  const count = readSync(descriptor, buffer, 0, buffer.byteLength, 0);
  return count <= limit || buffer.includes(10);
}

/** The first `limit` bytes of a file that has no whole line; `undefined` when it is longer than that. */
export function readUnended(descriptor: number, limit: number): string | undefined {
  const { size } = fstatSync(descriptor);
  if (size > limit) return undefined;
  const buffer = Buffer.alloc(size);
  return buffer.toString("utf8", 0, readSync(descriptor, buffer, 0, size, 0));
}

/** For a file with something else in it, which must stay as it is. */
export function notAJournal(path: string): ChartferryError {
  return new ChartferryError(`${path} is not a journal of chartferry: it is left as it is`, {
    code: "usage",
    operation: "open journal",
    hint: "choose another path with --journal FILE, or delete that file",
  });
}
