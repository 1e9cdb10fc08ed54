import type { BlobContent } from "../content.ts";
import type { BlobWriter, CallOptions } from "../store/chart-store.ts";

/**
 * Brings all blobs into a repository, side by side, and resolves once every one is known to be there.
 * On a failure it waits for the others before it rejects: nothing goes on behind the caller's back.
 */
export async function storeBlobs(target: BlobWriter, blobs: readonly BlobContent[], options: CallOptions = {}): Promise<void> {
  const distinct = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
  const results = await Promise.allSettled(distinct.map((blob) => target.putBlob(blob, options)));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
