import { open, rename } from "node:fs/promises";

import { digestWith, splitDigest, type Digest } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import { blobHome, blobSize, placeBlob } from "./blob-files.ts";
import { syncFile } from "./durable-files.ts";
import { writing } from "./file-errors.ts";
import { scratchName } from "./layout-context.ts";
import { writableJournal, type LayoutRepository } from "./layout-repository.ts";
import { tooLargeBlob } from "./upload-limits.ts";
import type { UploadSession } from "./upload-session.ts";
import { addBytes, alone, dropUpload, fileOf, hashFile, outOfOrder, type UploadBody, type Uploads } from "./upload-sessions.ts";

/** Blobs up to this size are taken into memory and written in one go. */
const inMemoryBytes = 1024 * 1024;

/**
 * Adds the last chunk, if there is one, and makes the blob visible under its digest. A wrong digest ends the upload.
 * @throws digest-mismatch, and as `appendToUpload`
 */
export async function finishUpload(
  uploads: Uploads,
  session: UploadSession,
  finish: UploadBody & { digest: Digest; repository: LayoutRepository },
): Promise<void> {
  const { digest, repository } = finish;
  const { algorithm } = splitDigest(digest);
  if (finish.offset !== undefined && finish.offset !== session.size) throw outOfOrder(session, finish.offset);
  await writableJournal(repository, "push blob");
  await alone(uploads, session, async () => {
    if (session.size === 0 && finish.declaredSize !== undefined && finish.declaredSize <= inMemoryBytes) {
      await placeWhole(uploads, finish, finish.declaredSize);
    } else {
      await addBytes(uploads, session, finish);
      await placeFromSession(uploads, session, { digest, repository, algorithm });
    }
    await dropUpload(uploads, session);
  });
}

async function placeWhole(
  uploads: Uploads,
  finish: UploadBody & { digest: Digest; repository: LayoutRepository },
  size: number,
): Promise<void> {
  if (size > uploads.limits.maxBlobBytes) throw tooLargeBlob(uploads.limits);
  const bytes = await collect(finish.chunks, size);
  const { digest, repository } = finish;
  const options = { temporary: scratchName(uploads.context), durability: uploads.context.durability };
  const actual = digestWith(digest, bytes);
  if (actual !== digest) throw wrongDigest(actual, digest);
  await writing(repository.directory, "push blob", () => placeBlob(repository.directory, { digest, bytes }, options));
}

async function collect(chunks: AsyncIterable<Uint8Array>, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.byteLength;
    if (size > limit)
      throw new ChartferryError(`more than the declared ${limit} bytes came`, { code: "size-mismatch", operation: "push blob" });
    parts.push(chunk);
  }
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
}

function wrongDigest(actual: string, digest: string): ChartferryError {
  return new ChartferryError(`the bytes have digest ${actual}, not ${digest}`, { code: "digest-mismatch", operation: "push blob" });
}

async function placeFromSession(
  uploads: Uploads,
  session: UploadSession,
  { digest, repository, algorithm }: { digest: Digest; repository: LayoutRepository; algorithm: string },
): Promise<void> {
  const path = fileOf(uploads, session);
  if (session.size === 0) {
    session.hasFiles = true;
    await writing(path, "push blob", () => open(path, "a", 0o644).then((file) => file.close()));
  }
  if (session.algorithm !== algorithm) session.hash = undefined;
  session.hash ??= await hashFile(path, algorithm);
  session.algorithm = algorithm;
  const actual = `${algorithm}:${session.hash.copy().digest("hex")}`;
  if (actual !== digest) throw wrongDigest(actual, digest);
  if ((await blobSize(repository.directory, digest)) === session.size) return;
  await writing(path, "push blob", async () => {
    if (uploads.context.durability === "fsync") await syncFile(path);
    await rename(path, await blobHome(repository.directory, digest, uploads.context.durability));
  });
}
