import type { BlobContent } from "../content.ts";
import { ChartferryError } from "../errors.ts";
import { type BlobState, blobState } from "../store/blob-state.ts";
import type { CallOptions, ChartStore } from "../store/chart-store.ts";
import { storeBlobs } from "./store-blobs.ts";

/**
 * Looks whether the blobs of a manifest that stands are whole, and brings again those that are not. `false` = nothing was to be done.
 * @throws blob-unknown, size-mismatch, where the registry takes a blob and still does not have it
 */
export async function repairBlobs(target: ChartStore, blobs: readonly BlobContent[], options: CallOptions = {}): Promise<boolean> {
  const wanting: BlobContent[] = [];
  for (const blob of new Map(blobs.map((each) => [each.digest, each])).values()) {
    if ((await blobState(target, blob, options)) !== "whole") wanting.push(blob);
  }
  if (wanting.length === 0) return false;
  await storeBlobs(target, wanting, options);
  // Some registries acknowledge what they believe to have already, and keep the damaged file.
  for (const blob of wanting) {
    const state = await blobState(target, blob, options);
    if (state !== "whole") throw notTaken(target, blob, state);
  }
  return true;
}

function notTaken({ registry, repository }: ChartStore, { digest }: BlobContent, state: Exclude<BlobState, "whole">): ChartferryError {
  const has = state === "missing" ? "does not have it" : "still gives it in another length";
  return new ChartferryError(`${registry} has acknowledged the blob ${digest} of ${repository} and ${has}`, {
    code: state === "missing" ? "blob-unknown" : "size-mismatch",
    operation: "repair chart",
    registry,
    repository,
    version: digest,
    hint: "the registry keeps a damaged file of its own: have that blob removed from its storage, then run the command again",
  });
}
