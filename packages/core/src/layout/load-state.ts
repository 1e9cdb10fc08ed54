import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";

import { isMissing } from "../errno.ts";
import { digestOf, type Digest } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import { isIndexType, largestManifest } from "../manifest/parse-manifest.ts";
import { blobSize, readSmallBlob } from "./blob-files.ts";
import { readLogs } from "./change-log.ts";
import { childrenOf, parseIndexDocument, type ManifestEntry } from "./index-document.ts";
import { addUnread, createState, noteSubject, type LayoutState } from "./layout-state.ts";
import { readManifestFacts } from "../manifest/manifest-facts.ts";
import { replayLogs } from "./replay-logs.ts";

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
  await replayLogs(state, { directory, base, logs });
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
