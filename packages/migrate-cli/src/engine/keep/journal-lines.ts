import { ftruncateSync, writeSync } from "node:fs";

import { ChartferryError, type HeldLock } from "@chartferry/core";

import { journalUnwritable } from "./journal-file.ts";
import { requireJournal } from "./journal-lock.ts";

/** Appends whole lines to a journal. Once a write failed nothing more is written: the next run then asks the registry a little more. */
export interface LineWriter {
  /** Byte at which the next line will start. */
  readonly next: number;
  readonly fault: ChartferryError | undefined;
  add(line: string): void;
  /** Never throws; see `fault`. */
  flush(): void;
}

/** Characters that may wait for one write. */
const pendingLimit = 16 * 1024;

export interface LinePlace {
  readonly path: string;
  /** Byte behind the last line. */
  readonly end: number;
  /** Looked for before each write: another run's lines would be written over. */
  readonly lock: HeldLock;
}

export function createLineWriter(descriptor: number, { path, end: start, lock }: LinePlace): LineWriter {
  let [end, pending] = [start, ""];
  let fault: ChartferryError | undefined;
  const flush = (): void => {
    const lines = Buffer.from(pending);
    pending = "";
    if (lines.byteLength === 0) return;
    try {
      requireJournal(path, lock);
      writeAll(descriptor, lines, end);
      end += lines.byteLength;
    } catch (error) {
      fault = error instanceof ChartferryError ? error : journalUnwritable(path, error);
    }
  };
  return {
    get next() {
      return end + Buffer.byteLength(pending);
    },
    get fault() {
      return fault;
    },
    add(line) {
      if (fault !== undefined) return;
      pending += `${line}\n`;
      if (pending.length >= pendingLimit) flush();
    },
    flush,
  };
}

/** All of it or nothing: what does not fit as a whole is taken back. */
function writeAll(descriptor: number, lines: Buffer, end: number): void {
  try {
    for (let written = 0; written < lines.byteLength;)
      written += writeSync(descriptor, lines, written, lines.byteLength - written, end + written);
  } catch (error) {
    cutOff(descriptor, end);
    throw error;
  }
}

/** A line that stays torn all the same is cut off by the next run. */
function cutOff(descriptor: number, end: number): void {
  try {
    ftruncateSync(descriptor, end);
  } catch {
    // The failure of the write tells more.
  }
}
