import type { BlobContent, Descriptor, StoredManifest } from "../content.ts";
import type { ChartMetadata } from "../chart/chart-metadata.ts";
import type { Digest } from "../digest.ts";
import type { Note } from "../note.ts";

/** A chart whose manifest we assemble as `helm push` would: from a classic source or a file. */
export interface AssembledPackage {
  readonly kind: "assemble";
  /** The `.tgz` as it is at the source; never re-packed. */
  readonly layer: BlobContent;
  readonly provenance?: BlobContent;
  /** Names of files that the provenance vouches for. */
  readonly signedFiles?: readonly string[];
  /** Metadata as Helm loads it, sanitised. */
  readonly metadata: ChartMetadata;
  /** RFC 3339 text for `org.opencontainers.image.created`, whole seconds UTC. */
  readonly created: string;
  readonly notes: readonly Note[];
  /** Frees memory and temporary files; the package cannot be read afterwards. */
  release(): Promise<void>;
}

/** A manifest graph that is copied byte by byte: only when the source itself is a registry or a layout. */
export interface VerbatimPackage {
  readonly kind: "verbatim";
  readonly manifest: StoredManifest;
  /** Manifests that must be stored before `manifest` (children of an index), leaves first. */
  readonly children: readonly StoredManifest[];
  /** Every blob that `manifest` and `children` name. */
  readonly blobs: readonly BlobContent[];
  /** Signatures and other referrers, with their own blobs; written after the manifest, before the tag. */
  readonly attachments: readonly Attachment[];
  /** The chart layer's descriptor, where the manifest is a chart. */
  readonly layer?: Descriptor;
  readonly notes: readonly Note[];
  release(): Promise<void>;
}

export interface Attachment {
  readonly manifest: StoredManifest;
  readonly blobs: readonly BlobContent[];
  /** For attachments found by tag (`sha256-<hex>.sig`), that tag. */
  readonly tag?: string;
  /** What it refers to, where it says so itself. */
  readonly subject?: Digest;
}

export type ChartPackage = AssembledPackage | VerbatimPackage;
