import type { ChartMetadata } from "../chart/chart-metadata.ts";
import { annotationsJson, configJson } from "../chart/config-json.ts";
import { goString } from "../chart/go-json.ts";
import { bytesContent, type BlobContent, type Descriptor, type StoredManifest } from "../content.ts";
import { digestOf, type Digest } from "../digest.ts";
import { mediaTypes } from "../media-types.ts";
import { manifestAnnotations } from "./annotations.ts";

/** What is needed to know of a blob that a manifest names. */
export interface BlobIdentity {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

export interface ChartManifestInput {
  readonly metadata: ChartMetadata;
  /** The `.tgz`. */
  readonly layer: BlobIdentity;
  readonly provenance?: BlobIdentity | undefined;
  /** Text of `org.opencontainers.image.created`, put in as it is. */
  readonly created: string;
}

export interface ChartManifest {
  readonly config: BlobContent;
  readonly configDescriptor: Descriptor;
  readonly layerDescriptor: Descriptor;
  readonly provenanceDescriptor?: Descriptor;
  readonly manifest: StoredManifest;
}

/**
 * Config blob and manifest, byte for byte those of `helm push` for the same file and `created`: layers sorted by digest, no
 * `mediaType` inside. Serialised once: what was hashed is what is sent.
 */
export function buildChartManifest(input: ChartManifestInput): ChartManifest {
  const config = bytesContent(Buffer.from(configJson(input.metadata), "utf8"));
  const configDescriptor = describe(mediaTypes.helmConfig, config);
  const layerDescriptor = describe(mediaTypes.helmChart, input.layer);
  const provenanceDescriptor = input.provenance === undefined ? undefined : describe(mediaTypes.helmProvenance, input.provenance);
  const layers = provenanceDescriptor === undefined ? [layerDescriptor] : [layerDescriptor, provenanceDescriptor];
  const json = manifestJson(configDescriptor, layers, manifestAnnotations(input.metadata, input.created));
  const bytes = Buffer.from(json, "utf8");
  return {
    config,
    configDescriptor,
    layerDescriptor,
    ...(provenanceDescriptor === undefined ? {} : { provenanceDescriptor }),
    manifest: { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), bytes },
  };
}

function describe(mediaType: string, blob: BlobIdentity): Descriptor {
  return { mediaType, digest: blob.digest, size: blob.size };
}

function manifestJson(config: Descriptor, layers: readonly Descriptor[], annotations: Readonly<Record<string, string>>): string {
  const sorted = layers.toSorted((a, b) => (a.digest < b.digest ? -1 : 1)).map(descriptorJson);
  const parts = [`"schemaVersion":2`, `"config":${descriptorJson(config)}`, `"layers":[${sorted.join(",")}]`];
  const written = annotationsJson(annotations);
  if (written !== undefined) parts.push(`"annotations":${written}`);
  return `{${parts.join(",")}}`;
}

function descriptorJson({ mediaType, digest, size }: Descriptor): string {
  return `{"mediaType":${goString(mediaType)},"digest":${goString(digest)},"size":${size}}`;
}
