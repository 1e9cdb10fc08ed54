import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { temporaryFileError } from "@chartferry/core";

/** First in, first out, on disk: where the items of a target wait that cannot keep up with the others. */
export interface OverflowFile<Value> {
  readonly length: number;
  add(value: Value): void;
  /** The oldest values, at most some hundreds; empty when there are none. */
  takeBatch(): Value[];
  close(): void;
}

/** Values are written and read in pieces of this many, to spare system calls. */
const batchSize = 256;

export function createOverflowFile<Value>(): OverflowFile<Value> {
  let pending: Value[] = [];
  const batches: { offset: number; bytes: number; count: number }[] = [];
  let stored = 0;
  let end = 0;
  let file: { directory: string; descriptor: number } | undefined;
  const flush = (): void => {
    file ??= openTemporary();
    const bytes = Buffer.from(JSON.stringify(pending));
    writeAll(file.descriptor, bytes, end);
    batches.push({ offset: end, bytes: bytes.byteLength, count: pending.length });
    end += bytes.byteLength;
    stored += pending.length;
    pending = [];
  };
  const readBatch = (batch: { offset: number; bytes: number; count: number }): Value[] => {
    if (file === undefined) return [];
    const values: Value[] = JSON.parse(readAll(file.descriptor, batch).toString());
    stored -= batch.count;
    if (batches.length === 0) {
      ftruncateSync(file.descriptor, 0);
      end = 0;
    }
    return values;
  };
  return {
    get length() {
      return stored + pending.length;
    },
    add(value) {
      pending.push(value);
      if (pending.length >= batchSize) flush();
    },
    takeBatch() {
      const batch = batches.shift();
      if (batch !== undefined) return readBatch(batch);
      const values = pending;
      pending = [];
      return values;
    },
    close() {
      if (file === undefined) return;
      closeSync(file.descriptor);
      rmSync(file.directory, { recursive: true, force: true });
      file = undefined;
    },
  };
}

/** A file of this process alone. Where the system allows it, its name goes at once, so that even a killed run leaves nothing behind. @throws file-unwritable */
export function openTemporary(): { directory: string; descriptor: number } {
  const { directory, descriptor } = createTemporary();
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch {
    // Windows keeps the names of open files: they go when the file is closed.
  }
  return { directory, descriptor };
}

function createTemporary(): { directory: string; descriptor: number } {
  try {
    const directory = mkdtempSync(join(tmpdir(), "chartferry-"));
    return { directory, descriptor: openSync(join(directory, "data"), "wx+", 0o600) };
  } catch (error) {
    throw temporaryFileError(error, "keep what waits");
  }
}

/** Into a temporary file. @throws file-unwritable */
export function writeAll(descriptor: number, bytes: Uint8Array, position: number): void {
  try {
    for (let written = 0; written < bytes.byteLength;)
      written += writeSync(descriptor, bytes, written, bytes.byteLength - written, position + written);
  } catch (error) {
    throw temporaryFileError(error, "keep what waits");
  }
}

function readAll(descriptor: number, { offset, bytes }: { offset: number; bytes: number }): Buffer {
  const buffer = Buffer.alloc(bytes);
  for (let read = 0; read < bytes;) {
    const count = readSync(descriptor, buffer, read, bytes - read, offset + read);
    if (count === 0) break;
    read += count;
  }
  return buffer;
}
