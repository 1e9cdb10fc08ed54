import { constants, lstat, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";

import { isMissing } from "../errno.ts";
import type { BlobContent } from "../content.ts";
import { splitDigest, verifiedStream, type Digest } from "../digest.ts";
import { ensureDirectory, placeFile, type Durability } from "./durable-files.ts";
import { fileError } from "./file-errors.ts";

/** Where new blobs are written before they get their name; on the same file system as the layouts. */
export interface BlobWriteOptions {
  /** A name that nobody else uses. */
  readonly temporary: string;
  readonly durability: Durability;
  readonly signal?: AbortSignal | undefined;
}

/** The path of a blob. A digest that is not valid never becomes a path. @throws reference-invalid */
export function blobPath(directory: string, digest: Digest): string {
  const { algorithm, hex } = splitDigest(digest);
  return join(directory, "blobs", algorithm, hex);
}

function unreadable(error: unknown, directory: string, digest: Digest): Error {
  return fileError(error, { code: "file-unreadable", operation: "read blob", path: blobPath(directory, digest) });
}

/** Bytes of the blob, `undefined` where there is none; links are not followed. @throws file-unreadable */
export async function blobSize(directory: string, digest: Digest): Promise<number | undefined> {
  try {
    const found = await lstat(blobPath(directory, digest));
    return found.isFile() ? found.size : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw unreadable(error, directory, digest);
  }
}

/** A handle on the blob and its size; the caller closes it. `undefined` where there is none. @throws file-unreadable */
export async function openBlob(directory: string, digest: Digest): Promise<{ handle: FileHandle; size: number } | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(blobPath(directory, digest), constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw unreadable(error, directory, digest);
  }
  const found = await handle.stat();
  if (found.isFile()) return { handle, size: found.size };
  await handle.close();
  return undefined;
}

/** The whole of a small blob; `undefined` where there is none or it is larger than `limit`. */
export async function readSmallBlob(directory: string, digest: Digest, limit: number): Promise<Buffer | undefined> {
  const found = await openBlob(directory, digest);
  if (found === undefined) return undefined;
  try {
    return found.size > limit ? undefined : await readExactly(found.handle, 0, found.size);
  } finally {
    await found.handle.close();
  }
}

async function readExactly(handle: FileHandle, start: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

const readChunk = 256 * 1024;

/** Bytes `start` to `end` (exclusive) of an open blob; closes the handle at the end or when the reader stops. */
export async function* readRange(handle: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (let at = start; at < end;) {
      const chunk = await readExactly(handle, at, Math.min(readChunk, end - at));
      if (chunk.byteLength === 0) return;
      at += chunk.byteLength;
      yield chunk;
    }
  } finally {
    await handle.close();
  }
}

/** Stores a blob whose bytes are checked on the way; nothing is written when it stands there already. */
export async function writeBlob(directory: string, content: BlobContent, options: BlobWriteOptions): Promise<void> {
  const { digest, size, bytes } = content;
  if ((await blobSize(directory, digest)) === size) return;
  const expected = { digest, size, operation: "store blob" };
  if (bytes === undefined) {
    await writeStream(
      await blobHome(directory, digest, options.durability),
      verifiedStream(content.open(options.signal), expected),
      options,
    );
    return;
  }
  // The check comes after the last byte: all of it is read before anything gets a name.
  for await (const _ of verifiedStream(once(bytes), expected)) options.signal?.throwIfAborted();
  await placeBlob(directory, { digest, bytes }, options);
}

/** Stores bytes whose digest the caller has just calculated; nothing is written when they stand there already. */
export async function placeBlob(
  directory: string,
  { digest, bytes }: { digest: Digest; bytes: Uint8Array },
  options: BlobWriteOptions,
): Promise<void> {
  if ((await blobSize(directory, digest)) === bytes.byteLength) return;
  await placeFile(await blobHome(directory, digest, options.durability), { bytes, ...options });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

/** Temporary name, bytes, optional fsync, rename. What fails leaves nothing. */
export async function writeStream(path: string, chunks: AsyncIterable<Uint8Array>, options: BlobWriteOptions): Promise<void> {
  try {
    const handle = await open(options.temporary, "wx", 0o644);
    try {
      for await (const chunk of chunks) {
        options.signal?.throwIfAborted();
        await handle.writeFile(chunk);
      }
      if (options.durability === "fsync") await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(options.temporary, path);
  } catch (error) {
    await rm(options.temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/** The blob's path, its folder made; that of sha256 is made once with the repository. */
export async function blobHome(directory: string, digest: Digest, durability: Durability): Promise<string> {
  const path = blobPath(directory, digest);
  if (!digest.startsWith("sha256:")) await ensureDirectory(dirname(path), durability);
  return path;
}

export async function removeBlobFile(directory: string, digest: Digest): Promise<boolean> {
  try {
    await rm(blobPath(directory, digest));
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** The first of the references that is not there with its size. */
export async function firstMissing<T extends { readonly digest: Digest; readonly size: number }>(
  directory: string,
  references: readonly T[],
): Promise<{ reference: T; found: number | undefined } | undefined> {
  for (const reference of references) {
    const found = await blobSize(directory, reference.digest);
    if (found !== reference.size) return { reference, found };
  }
  return undefined;
}
