import { deserialize, serialize } from "node:v8";

import {
  type AssembledPackage,
  type BlobContent,
  bytesContent,
  type MemoryQuestion,
  type TemporaryFile,
  unaskedMemory,
} from "@chartferry/core";

/** How a chart lies in a file: what is known of it, its archive, its provenance, one after the other. */
export interface ChartOnDisk {
  /** Bytes of the first part. */
  readonly head: number;
  /** Of all. */
  readonly bytes: number;
  readonly parts: () => AsyncIterable<Uint8Array>;
}

type Facts = Omit<AssembledPackage, "layer" | "provenance" | "release"> & {
  readonly layer: Pick<BlobContent, "digest" | "size">;
  readonly provenance?: Pick<BlobContent, "digest" | "size">;
};

/** Bytes. A larger archive is read from the file while it is sent, as one is that there is no memory for. */
const loadedAtMost = 8 * 1024 ** 2;

export function describeChart(opened: AssembledPackage): ChartOnDisk {
  const { kind, signedFiles, metadata, created, notes, layer, provenance } = opened;
  const facts: Facts = {
    kind,
    metadata,
    created,
    notes,
    layer: nameOf(layer),
    ...(signedFiles === undefined ? {} : { signedFiles }),
    ...(provenance === undefined ? {} : { provenance: nameOf(provenance) }),
  };
  // Back to us alone: the file has no name, and nobody else can open it.
  const head = serialize(facts);
  const bytes = head.byteLength + layer.size + (provenance?.size ?? 0);
  return { head: head.byteLength, bytes, parts: () => partsOf(head, opened) };
}

async function* partsOf(head: Buffer, { layer, provenance }: AssembledPackage): AsyncGenerator<Uint8Array, void, undefined> {
  // Mostly the archive is in memory, and one write will do.
  if (layer.bytes === undefined) {
    yield head;
    yield* layer.open();
  } else yield Buffer.concat([head, layer.bytes]);
  if (provenance !== undefined) yield* provenance.open();
}

interface Place {
  readonly file: TemporaryFile;
  readonly position: number;
  readonly head: number;
}

export async function loadChart({ file, position, head }: Place, memory: MemoryQuestion): Promise<AssembledPackage> {
  const facts: Facts = deserialize(await file.readBytes({ position, length: head }));
  const load = async ({ digest, size }: Pick<BlobContent, "digest" | "size">, from: number): Promise<BlobContent> => {
    if (size <= unaskedMemory || (size <= loadedAtMost && memory(size - unaskedMemory)))
      return bytesContent(await file.readBytes({ position: from, length: size }), digest);
    return { digest, size, open: (signal) => file.readRange({ position: from, length: size }, signal) };
  };
  const { layer, provenance, ...rest } = facts;
  const archive = position + head;
  return {
    ...rest,
    layer: await load(layer, archive),
    ...(provenance === undefined ? {} : { provenance: await load(provenance, archive + layer.size) }),
    release: () => Promise.resolve(),
  };
}

function nameOf({ digest, size }: BlobContent): Pick<BlobContent, "digest" | "size"> {
  return { digest, size };
}
