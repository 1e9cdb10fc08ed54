import type { BlobContent } from "../content.ts";
import type { BlobMounter, BlobReader, BlobWriter, CallOptions } from "../store/chart-store.ts";

export interface StoreBlobsOptions extends CallOptions {
  readonly mountFrom?: string | undefined;
}

/**
 * Brings all blobs into a repository, side by side, and resolves once every one is known to be there.
 * On a failure it waits for the others before it rejects: nothing goes on behind the caller's back.
 */
export async function storeBlobs(
  target: BlobWriter & BlobMounter & BlobReader,
  blobs: readonly BlobContent[],
  options: StoreBlobsOptions = {},
): Promise<void> {
  const distinct = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
  const results = await Promise.allSettled(distinct.map((blob) => storeBlob(target, blob, options)));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

async function storeBlob(target: BlobWriter & BlobMounter & BlobReader, blob: BlobContent, options: StoreBlobsOptions): Promise<void> {
  const { mountFrom } = options;
  const descriptor = { mediaType: "application/octet-stream", digest: blob.digest, size: blob.size };
  if (mountFrom !== undefined && (await target.mountBlob(descriptor, mountFrom, options))) return;
  await target.putBlob(blob, options);
}
