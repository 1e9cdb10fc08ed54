import type { BlobContent, Descriptor, StoredManifest } from "../content.ts";
import { ChartferryError } from "../errors.ts";
import { chartInManifest } from "../manifest/chart-in-manifest.ts";
import { parseManifest } from "../manifest/parse-manifest.ts";
import type { CallOptions, ChartStore } from "../store/chart-store.ts";
import type { Attachment, VerbatimPackage } from "./chart-package.ts";

/** Manifests below one tag, attachments of attachments included; more than any signed chart has. */
const manifestLimit = 200;
/** Cosign before referrers: signature, attestation and SBOM hang on tags made of the digest. */
const attachmentSuffixes = ["sig", "att", "sbom"];

/** Everything that a tag names, as it stands: the manifest, what it consists of, and what is attached to it. Blobs are read when asked for. */
export async function readVerbatimPackage(store: ChartStore, reference: string, options: CallOptions = {}): Promise<VerbatimPackage> {
  const manifest = await store.fetchManifest(reference, options);
  if (manifest === undefined) throw gone(store, reference);
  const graph: Graph = { store, budget: manifestLimit, seen: new Set([manifest.digest]) };
  const { children, blobs } = await contents(graph, manifest, options);
  const attachments = await attached(graph, manifest, options);
  const layer = chartInManifest(manifest)?.layer;
  return {
    kind: "verbatim",
    manifest,
    children,
    blobs,
    attachments,
    ...(layer === undefined ? {} : { layer }),
    notes: [],
    release: () => Promise.resolve(),
  };
}

interface Graph {
  readonly store: ChartStore;
  readonly seen: Set<string>;
  budget: number;
}

interface Contents {
  readonly children: StoredManifest[];
  readonly blobs: BlobContent[];
}

async function contents(graph: Graph, manifest: StoredManifest, options: CallOptions): Promise<Contents> {
  const parsed = parseManifest(manifest.bytes, manifest.mediaType);
  if (parsed.kind === "manifest") {
    return { children: [], blobs: [parsed.config, ...parsed.layers].map((descriptor) => remoteBlob(graph.store, descriptor)) };
  }
  const children: StoredManifest[] = [];
  const blobs: BlobContent[] = [];
  for (const { digest } of parsed.manifests) {
    const child = await fetchOnce(graph, digest, options);
    if (child === undefined) continue;
    const below = await contents(graph, child, options);
    children.push(...below.children, child);
    blobs.push(...below.blobs);
  }
  return { children, blobs };
}

/** By the referrers API or its fallback tag, and by cosign's tags; each with what is attached to it in turn. */
async function attached(graph: Graph, manifest: StoredManifest, options: CallOptions): Promise<Attachment[]> {
  const found: Attachment[] = [];
  for await (const { digest } of graph.store.referrers(manifest.digest, options)) {
    const referrer = await fetchOnce(graph, digest, options);
    if (referrer !== undefined) found.push(...(await attachment(graph, { manifest: referrer }, options)));
  }
  for (const suffix of attachmentSuffixes) {
    const tag = `${manifest.digest.replace(":", "-")}.${suffix}`;
    const tagged = await graph.store.fetchManifest(tag, options);
    if (tagged === undefined) continue;
    // What is a referrer as well travels already, but for its tag.
    if (graph.seen.has(tagged.digest)) found.push({ manifest: tagged, blobs: [], tag });
    else found.push(...(await attachment(graph, { manifest: see(graph, tagged), tag }, options)));
  }
  return found;
}

async function attachment(graph: Graph, own: Pick<Attachment, "manifest" | "tag">, options: CallOptions): Promise<Attachment[]> {
  const { children, blobs } = await contents(graph, own.manifest, options);
  const { subject } = parseManifest(own.manifest.bytes, own.manifest.mediaType);
  const below = await attached(graph, own.manifest, options);
  const whole = { ...own, blobs, ...(subject === undefined ? {} : { subject: subject.digest }) };
  return [...children.map((manifest) => ({ manifest, blobs: [] })), whole, ...below];
}

async function fetchOnce(graph: Graph, digest: string, options: CallOptions): Promise<StoredManifest | undefined> {
  if (graph.seen.has(digest)) return undefined;
  const manifest = await graph.store.fetchManifest(digest, options);
  if (manifest === undefined) throw gone(graph.store, digest);
  return see(graph, manifest);
}

/** @throws too-large */
function see(graph: Graph, manifest: StoredManifest): StoredManifest {
  graph.seen.add(manifest.digest);
  if (graph.budget-- > 0) return manifest;
  throw new ChartferryError(`more than ${manifestLimit} manifests hang on one tag`, {
    code: "too-large",
    operation: "read attachments",
    registry: graph.store.registry,
    repository: graph.store.repository,
  });
}

function remoteBlob(store: ChartStore, descriptor: Descriptor): BlobContent {
  return { digest: descriptor.digest, size: descriptor.size, open: (signal) => store.fetchBlob(descriptor, { signal }) };
}

function gone(store: ChartStore, reference: string): ChartferryError {
  return new ChartferryError(`${store.registry}/${store.repository} has no ${reference}`, {
    code: "source-missing",
    operation: "open chart",
    registry: store.registry,
    repository: store.repository,
    version: reference,
    hint: "it was deleted after the tags were listed: run again",
  });
}
