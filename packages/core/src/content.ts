import { digestOf, type Digest } from "./digest.ts";

/** OCI content descriptor. `size` is in bytes. Source: image-spec descriptor.md; `urls` is ignored on purpose (CVE-2020-15157). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
}

/** Bytes that can be read more than once (an upload is retried as a whole session, several targets read one download). */
export interface BlobContent {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** The whole content where it already lies in memory: then no stream is made. */
  readonly bytes?: Uint8Array;
  /** A new reader from the first byte on, at each call. */
  open(signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/** Bytes in memory as content. `digest` where it is known already. */
export function bytesContent(bytes: Uint8Array, digest: Digest = digestOf(bytes)): BlobContent {
  return {
    digest,
    size: bytes.byteLength,
    bytes,
    async *open() {
      yield bytes;
    },
  };
}

/** A manifest or index exactly as it is stored: `bytes` is what `digest` was computed from. */
export interface StoredManifest {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}
