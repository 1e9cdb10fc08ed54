import type { Descriptor, StoredManifest } from "../content.ts";
import { ChartferryError } from "../errors.ts";
import { chartInManifest } from "../manifest/chart-in-manifest.ts";
import { describeManifest } from "../manifest/describe-manifest.ts";
import { parseManifest } from "../manifest/parse-manifest.ts";
import { mediaTypes } from "../media-types.ts";
import { versionOf } from "../reference/chart-tag.ts";
import type { CallOptions, ManifestReader, TagLister } from "../store/chart-store.ts";

export interface StandingChart {
  readonly manifest: StoredManifest;
  readonly chart: Descriptor;
  readonly config: Descriptor;
  readonly provenance: Descriptor | undefined;
}

type ReadableStore = ManifestReader & TagLister & { readonly registry: string; readonly repository: string };

/** Versions named in the error for a tag that is not there. */
const suggestions = 5;

/**
 * The chart that a tag or digest names; an index is looked through for the one chart in it.
 * @throws manifest-unknown (with the versions that do exist), not-a-chart
 */
export async function openStandingChart(store: ReadableStore, reference: string, options: CallOptions = {}): Promise<StandingChart> {
  const manifest = await store.fetchManifest(reference, options);
  if (manifest === undefined) throw await unknown(store, reference, options);
  const found = manifest.mediaType === mediaTypes.ociIndex ? await chartInIndex(store, manifest, options) : manifest;
  const parts = found && chartInManifest(found);
  if (found === undefined || parts === undefined) throw notAChart(store, { reference, manifest });
  return { manifest: found, chart: parts.layer, config: parts.config, provenance: parts.provenance };
}

/** Helm takes the last match in random order; we take the first chart of the index as written. */
async function chartInIndex(store: ReadableStore, index: StoredManifest, options: CallOptions): Promise<StoredManifest | undefined> {
  const parsed = parseManifest(index.bytes, index.mediaType);
  for (const { digest, mediaType } of parsed.kind === "index" ? parsed.manifests : []) {
    if (mediaType !== mediaTypes.ociManifest) continue;
    const manifest = await store.fetchManifest(digest, options);
    if (manifest !== undefined && chartInManifest(manifest) !== undefined) return manifest;
  }
  return undefined;
}

async function unknown(store: ReadableStore, reference: string, options: CallOptions): Promise<ChartferryError> {
  const known: string[] = [];
  try {
    for await (const tag of store.tags(options)) known.push(versionOf(tag));
  } catch {
    // The listing only serves the hint.
  }
  if (known.includes(versionOf(reference))) return lost(store, reference);
  const hint = known.length === 0 ? "check the repository's name: it holds no tags that we may see" : `it holds ${listed(known)}`;
  return new ChartferryError(`${store.registry}/${store.repository} has no ${versionOf(reference)}`, {
    code: "manifest-unknown",
    operation: "find chart",
    registry: store.registry,
    repository: store.repository,
    version: versionOf(reference),
    hint,
  });
}

/** The tag is listed, and what it names is not there. */
function lost(store: ReadableStore, reference: string): ChartferryError {
  const version = versionOf(reference);
  return new ChartferryError(`${store.registry}/${store.repository} lists ${version}, but the manifest that this tag names is missing`, {
    code: "manifest-unknown",
    operation: "find chart",
    registry: store.registry,
    repository: store.repository,
    version,
    hint: "it has lost a part of its content: push that version again, or copy the whole of it anew",
  });
}

function listed(versions: readonly string[]): string {
  const last = versions.slice(-suggestions).join(", ");
  return versions.length > suggestions ? `${versions.length} versions, among them ${last}` : last;
}

/** As a reference is written. */
function place({ registry, repository }: ReadableStore, reference: string): string {
  return `${registry}/${repository}${reference.includes(":") ? "@" : ":"}${reference}`;
}

function notAChart(store: ReadableStore, found: { reference: string; manifest: StoredManifest }): ChartferryError {
  return new ChartferryError(`${place(store, found.reference)} is no Helm chart: it is ${describeManifest(found.manifest)}`, {
    code: "not-a-chart",
    operation: "find chart",
    registry: store.registry,
    repository: store.repository,
    version: found.reference,
    hint: "name the repository of a chart: oci://HOST/NAMESPACE/CHART",
  });
}
