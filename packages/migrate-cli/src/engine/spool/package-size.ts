import type { BlobContent, ChartPackage } from "@chartferry/core";

/** Bytes of everything that was read from the source for this package. */
export function packageSize(opened: ChartPackage): number {
  if (opened.kind === "assemble") return opened.layer.size + (opened.provenance?.size ?? 0);
  const blobs = [...opened.blobs, ...opened.attachments.flatMap((attachment) => attachment.blobs)];
  return blobs.reduce((sum, blob) => sum + blob.size, 0);
}

/** Bytes that a chart takes beside its archive: its metadata and what is noted about it. An estimate, on the safe side. */
const besideArchive = 4096;

/** Bytes of memory that the package takes; what lies in a file or is read when it is sent takes none. */
export function memoryOf(opened: ChartPackage): number {
  if (opened.kind === "verbatim") return besideArchive;
  return besideArchive + inMemory(opened.layer) + (opened.provenance === undefined ? 0 : inMemory(opened.provenance));
}

/** Whether the archive lies in a temporary file of its own. */
export function isInFile(opened: ChartPackage): boolean {
  return opened.kind === "assemble" && opened.layer.bytes === undefined;
}

function inMemory({ bytes, size }: BlobContent): number {
  return bytes === undefined ? 0 : size;
}
