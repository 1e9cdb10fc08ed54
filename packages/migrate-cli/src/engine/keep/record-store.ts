import { closeSync, readSync, rmSync } from "node:fs";

import { openTemporary, writeAll } from "../tables/overflow-file.ts";
import type { VersionRecord } from "../work-item.ts";

/** Keeps the records of a run on disk until the report is written, with 8 bytes each in memory, and gives them back in source order. */
export interface RecordStore {
  readonly count: number;
  /** `slot` is the target's place, from 0. */
  add(place: { readonly sequence: number; readonly slot: number }, record: VersionRecord): void;
  /** After all that were added so far, where the order of the source says nothing. */
  append(record: VersionRecord): void;
  records(): Generator<VersionRecord, void, undefined>;
  close(): void;
}

/** Bytes written and read at once. */
const blockSize = 256 * 1024;

/** Bytes before a wanted line that are read with it: versions in flight side by side end in another order than that of the source. */
const readBefore = blockSize / 4;

export function createRecordStore(slots: number): RecordStore {
  const file = openTemporary();
  const offsets = createOffsets();
  let [count, last, end] = [0, -1, 0];
  let pending = "";
  let pendingBytes = 0;
  const flush = (): void => {
    writeAll(file.descriptor, Buffer.from(pending), end);
    [pending, end, pendingBytes] = ["", end + pendingBytes, 0];
  };
  const put = (index: number, record: VersionRecord): void => {
    // 0 stands for "no record", so offsets count from 1.
    offsets.set(index, end + pendingBytes + 1);
    last = Math.max(last, index);
    count++;
    const line = `${JSON.stringify(record)}\n`;
    pending += line;
    pendingBytes += Buffer.byteLength(line);
    if (pendingBytes >= blockSize) flush();
  };
  return {
    get count() {
      return count;
    },
    add: ({ sequence, slot }, record) => put(sequence * slots + slot, record),
    append: (record) => put(last + 1, record),
    *records() {
      flush();
      // The targets' records lie as far apart as one target lags behind another: with one reader, each record would cost a block.
      const readers = Array.from({ length: slots }, () => lineReader(file.descriptor));
      for (let index = 0; index <= last; index++) {
        const offset = offsets.get(index);
        const read = readers[index % slots];
        if (offset === 0 || read === undefined) continue;
        const record: VersionRecord = JSON.parse(read(offset - 1));
        yield record;
      }
    },
    close() {
      closeSync(file.descriptor);
      rmSync(file.directory, { recursive: true, force: true });
    },
  };
}

interface Offsets {
  /** 0 = none was set. */
  get(index: number): number;
  set(index: number, offset: number): void;
}

/** Offsets in one piece of memory: growing adds a piece, for copying would need the memory of both. */
const pieceLength = 64 * 1024;

function createOffsets(): Offsets {
  const pieces: (Float64Array | undefined)[] = [];
  return {
    get: (index) => pieces[Math.floor(index / pieceLength)]?.[index % pieceLength] ?? 0,
    set(index, offset) {
      const piece = (pieces[Math.floor(index / pieceLength)] ??= new Float64Array(pieceLength));
      piece[index % pieceLength] = offset;
    },
  };
}

/** Reads lines by offset; neighbours mostly lie in the block that was read last. */
function lineReader(descriptor: number): (offset: number) => string {
  let own: Buffer | undefined;
  let block: Buffer = Buffer.alloc(0);
  let start = 0;
  const load = (offset: number, size: number): void => {
    const before = Math.min(offset, readBefore);
    // The same bytes again for each block: a million versions would else leave gigabytes for the collector.
    const buffer = size > blockSize ? Buffer.alloc(size + before) : (own ??= Buffer.alloc(blockSize + readBefore));
    start = offset - before;
    block = buffer.subarray(0, readSync(descriptor, buffer, 0, size + before, start));
  };
  return (offset) => {
    for (let size = blockSize; ; size *= 2) {
      const end = offset < start ? -1 : block.indexOf(10, offset - start);
      if (end >= 0) return block.toString("utf8", offset - start, end);
      load(offset, size);
    }
  };
}
