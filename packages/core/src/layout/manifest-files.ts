import { dirname } from "node:path";

import type { Descriptor, StoredManifest } from "../content.ts";
import { digestOf, digestWith, isDigest, type Digest } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import { isIndexType, largestManifest } from "../manifest/parse-manifest.ts";
import { blobPath, blobSize, firstMissing, placeBlob, readSmallBlob, removeBlobFile } from "./blob-files.ts";
import { syncDirectory } from "./durable-files.ts";
import { writing } from "./file-errors.ts";
import { scratchName } from "./layout-context.ts";
import type { ManifestEntry } from "./index-document.ts";
import { exclusively, refresh, writableJournal, type LayoutRepository } from "./layout-repository.ts";
import type { LayoutChange } from "./layout-state.ts";
import { readManifestFacts, type ManifestFacts } from "../manifest/manifest-facts.ts";

/** The entry that a tag or digest names. */
function entryOf(repository: LayoutRepository, reference: string): ManifestEntry | undefined {
  const digest = isDigest(reference) ? reference : repository.state.tags.get(reference);
  return digest === undefined ? undefined : repository.state.manifests.get(digest);
}

/** Digest, type and size of what a tag or digest names. An entry whose bytes are gone or cut short counts as absent. */
export async function resolveManifest(repository: LayoutRepository, reference: string): Promise<Descriptor | undefined> {
  await refresh(repository);
  const entry = entryOf(repository, reference);
  if (entry === undefined || (await blobSize(repository.directory, entry.digest)) !== entry.size) return undefined;
  return { mediaType: entry.mediaType, digest: entry.digest, size: entry.size };
}

/** The manifest's bytes, checked against its digest. @throws digest-mismatch */
export async function readManifest(repository: LayoutRepository, reference: string): Promise<StoredManifest | undefined> {
  await refresh(repository);
  const entry = entryOf(repository, reference);
  const bytes = entry === undefined ? undefined : await readSmallBlob(repository.directory, entry.digest, largestManifest);
  if (entry === undefined || bytes === undefined) return undefined;
  const actual = digestWith(entry.digest, bytes);
  if (actual !== entry.digest) throw damaged(repository, `the file of manifest ${entry.digest} has digest ${actual}`);
  return { mediaType: entry.mediaType, digest: entry.digest, bytes };
}

function damaged(repository: LayoutRepository, text: string): ChartferryError {
  return new ChartferryError(text, {
    code: "digest-mismatch",
    operation: "read manifest",
    repository: repository.name,
    hint: "the layout is damaged: delete that manifest and push it again",
  });
}

export interface ReceivedManifest extends Pick<StoredManifest, "mediaType" | "bytes"> {
  /** What the sender says it is. */
  readonly digest?: Digest;
}

export interface PutManifestOptions {
  /** Tags that point to it afterwards; none = by digest only. */
  readonly tags: readonly string[];
  /** Whether an index may name manifests that are not here. Default: no. */
  readonly sparseIndexes?: boolean;
}

/**
 * Stores a manifest and moves its tags, in one step, after all that it names was found here with the size it says.
 * @throws manifest-invalid, digest-mismatch, too-large, blob-unknown, size-mismatch, read-only, file-unwritable
 */
export async function storeManifest(
  repository: LayoutRepository,
  received: ReceivedManifest,
  options: PutManifestOptions,
): Promise<ManifestFacts & { readonly digest: Digest }> {
  const manifest = { ...received, digest: checkedDigest(received) };
  const facts = readManifestFacts(manifest.bytes, manifest.mediaType);
  const journal = await writableJournal(repository, "push manifest");
  return exclusively(repository, manifest.digest, async () => {
    await requireReferences(repository, facts, options);
    await writing(repository.directory, "push manifest", () => writeBytes(repository, manifest, facts));
    await journal.commit(changeFor(manifest, facts, options));
    return { ...facts, digest: manifest.digest };
  });
}

/** @throws digest-mismatch */
function checkedDigest({ bytes, digest }: ReceivedManifest): Digest {
  const actual = digest === undefined ? digestOf(bytes) : digestWith(digest, bytes);
  if (digest === undefined || actual === digest) return actual;
  throw new ChartferryError(`the manifest has digest ${actual}, not ${digest}`, { code: "digest-mismatch", operation: "push manifest" });
}

function changeFor(manifest: StoredManifest, facts: ManifestFacts, options: PutManifestOptions): LayoutChange {
  const entry = { digest: manifest.digest, mediaType: facts.mediaType, size: manifest.bytes.byteLength };
  const subject = facts.subject === undefined ? {} : { subject: facts.subject };
  return { op: "put", entry, tags: options.tags, ...subject, ...(maySkipReferences(facts, options) ? { sparse: true } : {}) };
}

function maySkipReferences({ mediaType }: ManifestFacts, { sparseIndexes }: PutManifestOptions): boolean {
  return sparseIndexes === true && isIndexType(mediaType);
}

/** Before the manifest is acknowledged its name is made durable, and the names of the blobs that it needs. */
async function writeBytes(
  { directory, context }: LayoutRepository,
  { digest, bytes }: StoredManifest,
  facts: ManifestFacts,
): Promise<void> {
  await placeBlob(directory, { digest, bytes }, { temporary: scratchName(context), durability: context.durability });
  if (context.durability === "none") return;
  const folders = new Set(
    [digest, ...facts.references.map((reference) => reference.digest)].map((name) => dirname(blobPath(directory, name))),
  );
  for (const folder of folders) await syncDirectory(folder);
}

async function requireReferences(repository: LayoutRepository, facts: ManifestFacts, options: PutManifestOptions): Promise<void> {
  if (maySkipReferences(facts, options)) return;
  const missing = await firstMissing(repository.directory, facts.references);
  if (missing === undefined) return;
  const { reference, found } = missing;
  const text =
    found === undefined
      ? `the manifest names the ${reference.kind} ${reference.digest}, which is not in the repository`
      : `the manifest says ${reference.size} bytes for ${reference.digest}, which has ${found}`;
  throw new ChartferryError(text, {
    code: found === undefined ? "blob-unknown" : "size-mismatch",
    operation: "push manifest",
    repository: repository.name,
    hint: "push blobs and nested manifests first, the manifest last",
  });
}

/** Removes a tag; what it named stays. `false` = it was not there. */
export async function removeTag(repository: LayoutRepository, tag: string): Promise<boolean> {
  if (!repository.state.tags.has(tag)) return false;
  const journal = await writableJournal(repository, "delete tag");
  await journal.commit({ op: "untag", tag });
  return true;
}

/** Removes a manifest and all its tags. `false` = it was not there. */
export async function removeManifest(repository: LayoutRepository, digest: Digest): Promise<boolean> {
  if (!repository.state.manifests.has(digest)) return false;
  const journal = await writableJournal(repository, "delete manifest");
  return exclusively(repository, digest, async () => {
    if (repository.state.unread.has(digest)) await noteUnread(repository, digest);
    await journal.commit({ op: "delete", digest });
    await writing(blobPath(repository.directory, digest), "delete manifest", () => removeBlobFile(repository.directory, digest));
    return true;
  });
}

/** A manifest that leaves before its subject was known must still make that subject's list stale. */
async function noteUnread(repository: LayoutRepository, digest: Digest): Promise<void> {
  const entry = repository.state.manifests.get(digest);
  const bytes = await readSmallBlob(repository.directory, digest, largestManifest);
  if (entry === undefined || bytes === undefined) return;
  try {
    const { subject } = readManifestFacts(bytes, entry.mediaType);
    if (subject !== undefined) repository.state.staleLists.add(subject);
  } catch (error) {
    if (!(error instanceof ChartferryError)) throw error;
  }
}
