import { mkdtemp, open, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ChartferryError } from "../errors.ts";
import { temporaryFileError } from "./temporary-file.ts";

/** A file of this process alone, until it is released. */
export interface TemporaryFile {
  /** @throws file-unwritable */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Empties it. @throws file-unwritable */
  clear(): Promise<void>;
  /** From the first byte to where it ends; several readers do not disturb each other. @throws file-missing once it is released, and the signal's reason */
  read(signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined>;
  /** A part, as `read` does the whole. */
  readRange(range: ByteRange, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined>;
  /** A part at once. @throws file-missing once it is released or where it has fewer bytes */
  readBytes(range: ByteRange): Promise<Buffer>;
  /** Harmless when done twice. */
  release(): Promise<void>;
}

export interface ByteRange {
  readonly position: number;
  /** Bytes. */
  readonly length: number;
}

export interface TemporaryFileOptions {
  /** Default: the system's folder for temporary files. */
  readonly directory?: string | undefined;
  /** For messages. */
  readonly operation: string;
}

/** Bytes read at once. */
const blockSize = 64 * 1024;

/** Where the system allows it, the file's name goes at once, so that even a killed process leaves nothing behind. @throws file-unwritable */
export async function openTemporaryFile({ directory, operation }: TemporaryFileOptions): Promise<TemporaryFile> {
  const fault = (error: unknown): never => {
    throw temporaryFileError(error, operation, directory);
  };
  const folder = await mkdtemp(join(directory ?? tmpdir(), "chartferry-")).catch(fault);
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const handle = await open(join(folder, "content"), "wx+", 0o600).catch(async (error: unknown) => {
    await remove();
    return fault(error);
  });
  // Windows keeps the names of open files: there it goes with the release.
  const named = await remove().then(
    () => false,
    () => true,
  );
  let released = false;
  const isReleased = (): boolean => released;
  return {
    write: (bytes, position) => writeAll(handle, bytes, position).catch(fault),
    clear: () => handle.truncate(0).catch(fault),
    read: (signal) => readAll({ handle, isReleased }, { position: 0, length: Infinity }, signal),
    readRange: (range, signal) => readAll({ handle, isReleased }, range, signal),
    readBytes: (range) => readBytes({ handle, isReleased }, range),
    async release() {
      if (released) return;
      released = true;
      await handle.close().catch(() => {});
      if (named) await remove();
    },
  };
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.byteLength;) {
    written += (await handle.write(bytes, written, bytes.byteLength - written, position + written)).bytesWritten;
  }
}

interface Reading {
  readonly handle: FileHandle;
  readonly isReleased: () => boolean;
}

async function* readAll(
  { handle, isReleased }: Reading,
  { position, length }: ByteRange,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let read = 0; read < length;) {
    signal?.throwIfAborted();
    if (isReleased()) throw gone();
    const wanted = Math.min(blockSize, length - read);
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, position + read);
    if (bytesRead === 0) return;
    read += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function readBytes({ handle, isReleased }: Reading, { position, length }: ByteRange): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(length);
  for (let read = 0; read < length;) {
    if (isReleased()) throw gone();
    const { bytesRead } = await handle.read(buffer, read, length - read, position + read);
    if (bytesRead === 0) throw gone();
    read += bytesRead;
  }
  return buffer;
}

function gone(): ChartferryError {
  return new ChartferryError("the content was released before it was read", { code: "file-missing", operation: "read content" });
}
