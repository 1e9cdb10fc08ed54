import type { BlobContent, Descriptor, StoredManifest } from "../content.ts";
import type { Digest } from "../digest.ts";

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** See `HttpRequest.whenHeld`. */
  readonly whenHeld?: ((milliseconds: number) => Promise<void>) | undefined;
}

/** Finds what a tag or digest names, without its bytes. `undefined` = the registry says there is none. */
export interface ManifestResolver {
  resolve(reference: string, options?: CallOptions): Promise<Descriptor | undefined>;
}

/** Bytes of a manifest by tag or digest, checked against the digest. `undefined` = the registry says there is none. */
export interface ManifestReader {
  fetchManifest(reference: string, options?: CallOptions): Promise<StoredManifest | undefined>;
}

export interface ManifestWriter {
  /** Stores exactly `manifest.bytes` under a tag or its digest. The caller has seen all its blobs there. */
  putManifest(reference: string, manifest: StoredManifest, options?: CallOptions): Promise<void>;
}

export interface FoundBlob {
  /** Bytes of what the store would give; `undefined` = it does not tell. */
  readonly size: number | undefined;
}

export interface BlobReader {
  /** What the store says of a blob, its bytes unseen. `undefined` = it is not there. */
  findBlob(digest: Digest, options?: CallOptions): Promise<FoundBlob | undefined>;
  /** The blob's bytes, digest and size checked while they stream. @throws blob-unknown, digest-mismatch, size-mismatch */
  fetchBlob(descriptor: Descriptor, options?: CallOptions): AsyncIterable<Uint8Array>;
}

export interface BlobWriter {
  /** Resolves once the store has acknowledged the whole blob under its digest. */
  putBlob(content: BlobContent, options?: CallOptions): Promise<void>;
}

/** Links a blob of another repository of the same registry; `false` = not done, upload it. Only where one identity may read both. */
export interface BlobMounter {
  mountBlob(descriptor: Descriptor, fromRepository: string, options?: CallOptions): Promise<boolean>;
}

export interface TagLister {
  /** Tags in the order that the store gives; an unknown repository has none. */
  tags(options?: CallOptions): AsyncIterable<string>;
}

export interface ReferrerLister {
  /** Manifests whose `subject` is the digest, native or by the fallback tag. */
  referrers(digest: Digest, options?: CallOptions): AsyncIterable<Descriptor>;
}

export interface ManifestDeleter {
  /** Removes a tag, or a manifest by digest with all its tags. `false` = it was not there. */
  deleteManifest(reference: string, options?: CallOptions): Promise<boolean>;
}

/** One repository of one registry. Each verb is an interface of its own; a function asks for the narrowest it needs. */
export interface ChartStore
  extends
    ManifestResolver,
    ManifestReader,
    ManifestWriter,
    BlobReader,
    BlobWriter,
    BlobMounter,
    TagLister,
    ReferrerLister,
    ManifestDeleter {
  /** Host and port, or the directory of a layout; for messages. */
  readonly registry: string;
  readonly repository: string;
}
