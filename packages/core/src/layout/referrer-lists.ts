import type { Descriptor } from "../content.ts";
import { digestOf, type Digest } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import { mediaTypes } from "../media-types.ts";
import { largestManifest } from "../manifest/parse-manifest.ts";
import { placeBlob, readSmallBlob } from "./blob-files.ts";
import { scratchName } from "./layout-context.ts";
import type { LayoutRepository } from "./layout-repository.ts";
import { readSubjects } from "./load-state.ts";
import { readManifestFacts, referrerDescriptor } from "../manifest/manifest-facts.ts";

/** Manifests that name the subject, in the order of their digests, each read when it is its turn. */
export async function* referrersOf(repository: LayoutRepository, subject: Digest): AsyncGenerator<Descriptor, void, undefined> {
  const { state, directory } = repository;
  if (state.unread.size > 0) await readSubjects(state, directory);
  for (const digest of [...(state.referrers.get(subject) ?? [])].toSorted()) {
    const descriptor = await describe(repository, digest);
    if (descriptor !== undefined) yield descriptor;
  }
}

async function describe({ state, directory }: LayoutRepository, digest: Digest): Promise<Descriptor | undefined> {
  const entry = state.manifests.get(digest);
  const bytes = await readSmallBlob(directory, digest, largestManifest);
  if (entry === undefined || bytes === undefined) return undefined;
  try {
    return referrerDescriptor(readManifestFacts(bytes, entry.mediaType), entry);
  } catch (error) {
    if (error instanceof ChartferryError) return undefined;
    throw error;
  }
}

/**
 * Brings the lists on disk up to date that olareg answers the referrers API from. zot needs none: it looks through the entries.
 * An older list stays behind as a blob that nothing names (olareg's own garbage collection removes it).
 */
export async function refreshReferrerLists(repository: LayoutRepository): Promise<void> {
  const { state } = repository;
  // The list may grow meanwhile; what comes then is taken too.
  for (const subject of state.staleLists) {
    state.staleLists.delete(subject);
    try {
      await refreshList(repository, subject);
    } catch (error) {
      state.staleLists.add(subject);
      throw error;
    }
  }
}

async function refreshList(repository: LayoutRepository, subject: Digest): Promise<void> {
  const { state, directory, context } = repository;
  const manifests: Descriptor[] = [];
  for await (const descriptor of referrersOf(repository, subject)) manifests.push(descriptor);
  if (manifests.length === 0) {
    state.referrerLists.delete(subject);
    return;
  }
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
  const entry = { digest: digestOf(bytes), mediaType: mediaTypes.ociIndex, size: bytes.byteLength };
  await placeBlob(directory, { digest: entry.digest, bytes }, { temporary: scratchName(context), durability: context.durability });
  state.referrerLists.set(subject, entry);
}
