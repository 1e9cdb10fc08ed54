import type { ChartPackage } from "@chartferry/core";

/** Bytes of everything that was read from the source for this package. */
export function packageSize(opened: ChartPackage): number {
  if (opened.kind === "assemble") return opened.layer.size + (opened.provenance?.size ?? 0);
  const blobs = [...opened.blobs, ...opened.attachments.flatMap((attachment) => attachment.blobs)];
  return blobs.reduce((sum, blob) => sum + blob.size, 0);
}
