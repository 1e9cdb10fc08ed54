import { link } from "node:fs/promises";

import { verifiedStream, type Digest } from "../digest.ts";
import { errnoOf, isMissing } from "../errno.ts";
import { isChartferryError } from "../errors.ts";
import { blobHome, blobPath, blobSize, openBlob, readRange, writeStream, type BlobWriteOptions } from "./blob-files.ts";

/** Where the file system says so, two names for one file are not possible. */
const unlinkable = ["EXDEV", "EPERM", "EMLINK", "ENOTSUP", "ENOSYS"];

/**
 * The same bytes under another repository: a hard link, or a copy where links are not possible or a file of another length has the name.
 * `false` when the source has none, or others than the digest says.
 */
export async function linkBlob(source: string, target: string, options: BlobWriteOptions & { digest: Digest }): Promise<boolean> {
  const { digest } = options;
  const to = await blobHome(target, digest, options.durability);
  try {
    await link(blobPath(source, digest), to);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    const stands = errnoOf(error) === "EEXIST";
    if (stands && (await blobSize(source, digest)) === (await blobSize(target, digest))) return true;
    if (!stands && !unlinkable.includes(errnoOf(error) ?? "")) throw error;
  }
  return copyBlob(source, to, options);
}

/** Of two files of different lengths one is damaged: the bytes tell which. */
async function copyBlob(source: string, to: string, options: BlobWriteOptions & { digest: Digest }): Promise<boolean> {
  try {
    await writeStream(to, verifiedStream(readBlob(source, options.digest), { digest: options.digest, operation: "mount blob" }), options);
    return true;
  } catch (error) {
    if (isChartferryError(error, "digest-mismatch")) return false;
    throw error;
  }
}

async function* readBlob(directory: string, digest: Digest): AsyncGenerator<Uint8Array, void, undefined> {
  const found = await openBlob(directory, digest);
  if (found !== undefined) yield* readRange(found.handle, 0, found.size);
}
