import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";

import { isMissing } from "../errno.ts";
import { digestWith, digestOf, type Digest } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import { isIndexType, largestManifest } from "../manifest/parse-manifest.ts";
import { blobSize, readSmallBlob } from "./blob-files.ts";
import { readLogs, type StoredLog } from "./change-log.ts";
import { childrenOf, parseIndexDocument, type ManifestEntry } from "./index-document.ts";
import { addUnread, applyChange, createState, noteSubject, type LayoutChange, type LayoutState } from "./layout-state.ts";
import { readManifestFacts } from "../manifest/manifest-facts.ts";

/** A larger `index.json` than this is refused: about a million versions. */
const maxIndexBytes = 256 * 1024 * 1024;
/** Manifests that nested indexes may add, in all. */
const maxChildren = 1_000_000;
const emptyIndex = Buffer.from('{"schemaVersion":2,"manifests":[]}');

export interface LoadedState {
  readonly state: LayoutState;
  /** Whether `index.json` is there. */
  readonly exists: boolean;
  /** Digest of `index.json` as it was read. */
  readonly base: Digest;
  /** Logs found beside it. When there are any, memory is ahead of the file. */
  readonly logs: readonly number[];
}

/** What the directory of one repository says: `index.json`, then the changes that it does not contain yet. @throws layout-invalid */
export async function loadState(directory: string): Promise<LoadedState> {
  const path = join(directory, "index.json");
  const bytes = await readIndex(path);
  const base = digestOf(bytes ?? emptyIndex);
  const state = createState(parseIndexDocument(bytes ?? emptyIndex, path));
  await addNestedManifests(state, directory);
  const logs = await readLogs(directory);
  await replay(state, { directory, base, logs });
  return { state, exists: bytes !== undefined, base, logs: logs.map(({ number }) => number) };
}

async function readIndex(path: string): Promise<Buffer | undefined> {
  try {
    const { size } = await stat(path);
    if (size > maxIndexBytes) throw tooLarge(path, size);
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function tooLarge(path: string, size: number): ChartferryError {
  return new ChartferryError(`${path} has ${size} bytes, more than ${maxIndexBytes}`, { code: "layout-invalid", operation: "read layout" });
}

/** olareg takes manifests that an index names off the top level; they are manifests of the repository all the same. */
async function addNestedManifests(state: LayoutState, directory: string): Promise<void> {
  const queue: ManifestEntry[] = [...state.referrerLists.values(), ...state.manifests.values()].filter((entry) =>
    isIndexType(entry.mediaType),
  );
  let budget = maxChildren;
  for (let next = queue.pop(); next !== undefined && budget > 0; next = queue.pop()) {
    const bytes = await readSmallBlob(directory, next.digest, largestManifest);
    for (const child of bytes === undefined ? [] : childrenOf(bytes)) {
      budget -= 1;
      if (state.manifests.has(child.digest) || (await blobSize(directory, child.digest)) !== child.size) continue;
      addUnread(state, child);
      if (isIndexType(child.mediaType)) queue.push(child);
    }
  }
}

interface Replay {
  readonly directory: string;
  readonly base: Digest;
  readonly logs: readonly StoredLog[];
}

/**
 * Changes are repeated one by one only when one of the logs continues exactly this `index.json`: then it and its successors
 * are what is missing. Else another tool wrote the index since, and what it does not contradict is added; nothing is removed.
 */
async function replay(state: LayoutState, { directory, base, logs }: Replay): Promise<void> {
  const first = logs.findIndex((log) => log.base === base);
  if (first >= 0) {
    for (const change of logs.slice(first).flatMap((log) => log.changes)) await applyChecked(state, change, directory);
    return;
  }
  const aside = createState({ entries: [], referrerLists: new Map(), foreign: [], annotations: undefined });
  for (const change of logs.flatMap((log) => log.changes)) await applyChecked(aside, change, directory);
  const tags = new Map<Digest, string[]>();
  for (const [tag, digest] of aside.tags) if (!state.tags.has(tag)) tags.set(digest, [...(tags.get(digest) ?? []), tag]);
  for (const entry of aside.manifests.values()) {
    const put: LayoutChange = { op: "put", entry, tags: tags.get(entry.digest) ?? [] };
    await applyChecked(state, put, directory);
  }
}

/** A manifest counts only when it and all that it names are there: a power cut may have kept the log and lost the bytes. */
async function applyChecked(state: LayoutState, change: LayoutChange, directory: string): Promise<void> {
  if (change.op !== "put") {
    applyChange(state, change);
    return;
  }
  const bytes = await readSmallBlob(directory, change.entry.digest, largestManifest);
  if (bytes === undefined || digestWith(change.entry.digest, bytes) !== change.entry.digest) return;
  try {
    const facts = readManifestFacts(bytes, change.entry.mediaType);
    const missing = await firstMissing(directory, facts.references);
    if (missing !== undefined) return;
    const { op, entry, tags } = change;
    applyChange(state, { op, entry, tags, ...(facts.subject === undefined ? {} : { subject: facts.subject }) });
  } catch (error) {
    if (!(error instanceof ChartferryError)) throw error;
  }
}

/** The first of the references that is not there with its size. */
export async function firstMissing<T extends { readonly digest: Digest; readonly size: number }>(
  directory: string,
  references: readonly T[],
): Promise<{ reference: T; found: number | undefined } | undefined> {
  for (const reference of references) {
    const found = await blobSize(directory, reference.digest);
    if (found !== reference.size) return { reference, found };
  }
  return undefined;
}

/** Reads the manifests whose subject is not known yet. After this `state.referrers` is complete. */
export async function readSubjects(state: LayoutState, directory: string): Promise<void> {
  const waiting = [...state.unread];
  const worker = async (): Promise<void> => {
    for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
      const subject = await subjectOf(directory, state.manifests.get(digest));
      if (state.unread.has(digest)) noteSubject(state, digest, subject);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

async function subjectOf(directory: string, entry: ManifestEntry | undefined): Promise<Digest | undefined> {
  const bytes = entry === undefined ? undefined : await readSmallBlob(directory, entry.digest, largestManifest);
  if (entry === undefined || bytes === undefined) return undefined;
  try {
    return readManifestFacts(bytes, entry.mediaType).subject;
  } catch {
    // Another tool let a manifest in that is none: it has no subject, and it is no reason to refuse the others.
    return undefined;
  }
}
