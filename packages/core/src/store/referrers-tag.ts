import type { StoredManifest } from "../content.ts";
import { type Digest, digestOf, splitDigest } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import { type ManifestFacts, readManifestFacts, referrerDescriptor } from "../manifest/manifest-facts.ts";
import { parseManifest } from "../manifest/parse-manifest.ts";
import { mediaTypes } from "../media-types.ts";
import type { CallOptions } from "./chart-store.ts";
import { fetchManifest, type ManifestPut, putManifest } from "./manifest-calls.ts";
import type { RepositoryEnd } from "./repository-end.ts";

/** The tag under which referrers are listed where there is no API for them. Source: distribution-spec "Referrers Tag Schema". */
export function referrersTag(digest: Digest): string {
  const { algorithm, hex } = splitDigest(digest);
  return `${algorithm}-${hex.slice(0, 64)}`;
}

/** Puts a manifest. Where the registry does not say that it lists it under its subject, that is left to the client. */
export async function putListed(end: RepositoryEnd, put: ManifestPut, options: CallOptions = {}): Promise<void> {
  const { listedUnder } = await putManifest(end, put, options);
  const facts = factsOfReferrer(put.manifest);
  if (facts?.subject === undefined || listedUnder === facts.subject) return;
  await listUnderTag(end, { facts, subject: facts.subject, manifest: put.manifest }, { signal: options.signal });
}

/** Most manifests have no subject, and need not be read to see it. */
function factsOfReferrer({ bytes, mediaType }: StoredManifest): ManifestFacts | undefined {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('"subject"')
    ? readManifestFacts(bytes, mediaType)
    : undefined;
}

interface Referrer {
  readonly facts: ManifestFacts;
  readonly subject: Digest;
  readonly manifest: StoredManifest;
}

/** Two writers may overwrite each other's list here; the protocol knows no way round it. What is listed already costs one GET. */
async function listUnderTag(end: RepositoryEnd, { facts, subject, manifest }: Referrer, options: CallOptions): Promise<void> {
  const tag = referrersTag(subject);
  const standing = await fetchManifest(end, tag, options);
  const { document, mediaType, digests } = readList(end, tag, standing);
  if (digests.has(manifest.digest)) return;
  const added = referrerDescriptor(facts, { digest: manifest.digest, size: manifest.bytes.byteLength });
  const bytes = Buffer.from(JSON.stringify({ ...document, manifests: [...document.manifests, added] }), "utf8");
  await putManifest(end, { reference: tag, manifest: { mediaType, digest: digestOf(bytes), bytes } }, options);
}

interface ReferrerList {
  /** As it stands, with whatever others have written into it. */
  readonly document: { readonly manifests: readonly unknown[] };
  readonly mediaType: string;
  readonly digests: ReadonlySet<Digest>;
}

const emptyDocument = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] };

/** @throws protocol-violation where the tag holds something else: it is not ours to replace */
function readList(end: RepositoryEnd, tag: string, standing: StoredManifest | undefined): ReferrerList {
  if (standing === undefined) return { document: emptyDocument, mediaType: emptyDocument.mediaType, digests: new Set() };
  const parsed = parseManifest(standing.bytes, standing.mediaType);
  const document: unknown = JSON.parse(new TextDecoder().decode(standing.bytes));
  if (parsed.kind !== "index" || !isList(document)) throw noList(end, tag);
  return { document, mediaType: parsed.mediaType, digests: new Set(parsed.manifests.map(({ digest }) => digest)) };
}

function isList(document: unknown): document is ReferrerList["document"] {
  return typeof document === "object" && document !== null && "manifests" in document && Array.isArray(document.manifests);
}

function noList(end: RepositoryEnd, tag: string): ChartferryError {
  return new ChartferryError(`${end.registry}/${end.repository}:${tag} should list what is attached to a chart, and holds something else`, {
    code: "protocol-violation",
    operation: "list attachment",
    registry: end.registry,
    repository: end.repository,
    version: tag,
    hint: `remove the tag ${tag}, then run the command again`,
  });
}
