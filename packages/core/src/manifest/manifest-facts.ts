import type { Descriptor } from "../content.ts";
import type { Digest } from "../digest.ts";
import { parseManifest, type ParsedManifest } from "./parse-manifest.ts";

export interface ManifestReference {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly kind: "blob" | "manifest";
}

/** What a store must know of a manifest. */
export interface ManifestFacts {
  readonly mediaType: string;
  /** Blobs and manifests without which it is incomplete; the subject is not among them, nor layers that are fetched elsewhere. */
  readonly references: readonly ManifestReference[];
  readonly subject: Digest | undefined;
  readonly artifactType: string | undefined;
  /** Undefined where there are none. */
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/** Reads a manifest. `mediaType` is what the sender calls it; empty = take the manifest's own word. @throws manifest-invalid, too-large */
export function readManifestFacts(bytes: Uint8Array, mediaType: string): ManifestFacts {
  const manifest = parseManifest(bytes, mediaType);
  const { annotations } = manifest;
  return {
    mediaType: manifest.mediaType,
    references: referencesOf(manifest),
    subject: manifest.subject?.digest,
    artifactType: manifest.artifactType ?? (manifest.kind === "manifest" ? manifest.config.mediaType : undefined),
    annotations: Object.keys(annotations).length === 0 ? undefined : annotations,
  };
}

function referencesOf(manifest: ParsedManifest): ManifestReference[] {
  if (manifest.kind === "index") return manifest.manifests.map(({ digest, size }) => ({ digest, size, kind: "manifest" }));
  const held = [manifest.config, ...manifest.layers.filter(({ mediaType }) => !isFetchedElsewhere(mediaType))];
  return held.map(({ digest, size }) => ({ digest, size, kind: "blob" }));
}

/** Layers that registries do not hold: OCI non-distributable ones and Docker's foreign ones. */
function isFetchedElsewhere(mediaType: string): boolean {
  return mediaType.includes(".nondistributable.") || mediaType.includes(".foreign.");
}

/** The descriptor under which a manifest appears in a list of referrers. Source: distribution-spec, "Listing Referrers". */
export function referrerDescriptor(facts: ManifestFacts, entry: { digest: Digest; size: number }): Descriptor {
  return {
    mediaType: facts.mediaType,
    digest: entry.digest,
    size: entry.size,
    ...(facts.artifactType === undefined ? {} : { artifactType: facts.artifactType }),
    ...(facts.annotations === undefined ? {} : { annotations: facts.annotations }),
  };
}
