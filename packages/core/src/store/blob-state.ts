import type { BlobReader, CallOptions, FoundBlob } from "./chart-store.ts";
import type { Descriptor } from "../content.ts";

/** `damaged` = something stands under its digest, in another length than its manifest or its sender says. */
export type BlobState = "whole" | "missing" | "damaged";

type Wanted = Pick<Descriptor, "digest" | "size">;

/** Whether a store has a blob, by its length as far as it is told; its bytes are not read. */
export async function blobState(store: BlobReader, wanted: Wanted, { signal }: CallOptions = {}): Promise<BlobState> {
  const found = await store.findBlob(wanted.digest, { signal });
  if (found === undefined) return "missing";
  return isWhole(found, wanted) ? "whole" : "damaged";
}

export function isWhole(found: FoundBlob | undefined, { size }: Pick<Wanted, "size">): boolean {
  return found !== undefined && (found.size === undefined || found.size === size);
}
