import { digestWith, type Digest } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import { largestManifest } from "../manifest/parse-manifest.ts";
import { firstMissing, readSmallBlob } from "./blob-files.ts";
import type { StoredLog } from "./change-log.ts";
import { applyChange, createState, type LayoutChange, type LayoutState } from "./layout-state.ts";
import { readManifestFacts, type ManifestFacts } from "../manifest/manifest-facts.ts";

interface FoundLogs {
  readonly directory: string;
  /** Digest of the `index.json` that the state was read from. */
  readonly base: Digest;
  readonly logs: readonly StoredLog[];
}

/**
 * Changes are repeated one by one only when one of the logs continues exactly this `index.json`: then it and its successors
 * are what is missing. Else another tool wrote the index since, and what it does not contradict is added; nothing is removed.
 */
export async function replayLogs(state: LayoutState, { directory, base, logs }: FoundLogs): Promise<void> {
  const first = logs.findIndex((log) => log.base === base);
  const changes = logs.slice(Math.max(0, first)).flatMap((log) => log.changes);
  if (first >= 0) {
    await repeat(state, changes, directory);
    return;
  }
  const aside = createState({ entries: [], referrerLists: new Map(), foreign: [], annotations: undefined });
  await repeat(aside, changes, directory);
  addUncontradicted(state, aside);
}

function addUncontradicted(state: LayoutState, aside: LayoutState): void {
  const tags = new Map<Digest, string[]>();
  for (const [tag, digest] of aside.tags) if (!state.tags.has(tag)) tags.set(digest, [...(tags.get(digest) ?? []), tag]);
  const subjects = new Map([...aside.referrers].flatMap(([subject, known]) => [...known].map((digest) => [digest, subject])));
  for (const entry of aside.manifests.values()) {
    const subject = subjects.get(entry.digest);
    applyChange(state, { op: "put", entry, tags: tags.get(entry.digest) ?? [], ...(subject === undefined ? {} : { subject }) });
  }
}

async function repeat(state: LayoutState, changes: readonly LayoutChange[], directory: string): Promise<void> {
  const lastDeletion = new Map(changes.flatMap((change, at) => (change.op === "delete" ? [[change.digest, at]] : [])));
  for (const [at, change] of changes.entries()) {
    // What is deleted later has no bytes any more, and took its tags from others all the same.
    const isDeletedLater = (digest: Digest): boolean => at < (lastDeletion.get(digest) ?? -1);
    if (change.op === "put" && !isDeletedLater(change.entry.digest)) await putChecked(state, change, { directory, isDeletedLater });
    else applyChange(state, change);
  }
}

type PutChange = Extract<LayoutChange, { op: "put" }>;

interface Found {
  readonly directory: string;
  readonly isDeletedLater: (digest: Digest) => boolean;
}

/** A manifest counts only when it and all that it needs are there: a power cut may have kept the log and lost the bytes. */
async function putChecked(state: LayoutState, change: PutChange, found: Found): Promise<void> {
  const { subject: _, ...put } = change;
  const facts = await factsOf(put, found.directory);
  if (facts === undefined) return;
  const needed = put.sparse === true ? [] : facts.references.filter(({ digest }) => !found.isDeletedLater(digest));
  if ((await firstMissing(found.directory, needed)) !== undefined) return;
  applyChange(state, facts.subject === undefined ? put : { ...put, subject: facts.subject });
}

async function factsOf({ entry }: PutChange, directory: string): Promise<ManifestFacts | undefined> {
  const bytes = await readSmallBlob(directory, entry.digest, largestManifest);
  if (bytes === undefined || digestWith(entry.digest, bytes) !== entry.digest) return undefined;
  try {
    return readManifestFacts(bytes, entry.mediaType);
  } catch (error) {
    if (error instanceof ChartferryError) return undefined;
    throw error;
  }
}
