import type { Digest } from "../digest.ts";
import { serialiseIndex, type IndexDocument, type ManifestEntry } from "./index-document.ts";
import { createSortedNames, type SortedNames } from "./sorted-names.ts";

/** What one line of the log says. A `put` with several tags is one step: all of them or none. */
export type LayoutChange =
  | {
      readonly op: "put";
      readonly entry: ManifestEntry;
      readonly tags: readonly string[];
      readonly subject?: Digest;
      /** An index that was let in though manifests that it names may be missing. */
      readonly sparse?: boolean;
    }
  | { readonly op: "untag"; readonly tag: string }
  | { readonly op: "delete"; readonly digest: Digest };

/** One repository in memory: everything but the bytes. About 300 bytes a version. */
export interface LayoutState {
  readonly manifests: Map<Digest, ManifestEntry>;
  readonly tags: Map<string, Digest>;
  readonly tagNames: SortedNames;
  /** Manifests that name a subject, by that subject. Complete only once `unread` is empty. */
  readonly referrers: Map<Digest, Set<Digest>>;
  /** Manifests whose bytes were not looked at since the start, so that their subject is unknown. */
  readonly unread: Set<Digest>;
  /** Lists of referrers as they stand on disk, for olareg. */
  readonly referrerLists: Map<Digest, ManifestEntry>;
  /** Subjects whose list on disk is behind. */
  readonly staleLists: Set<Digest>;
  readonly document: Pick<IndexDocument, "foreign" | "annotations">;
}

export function createState(document: IndexDocument): LayoutState {
  const state: LayoutState = {
    manifests: new Map(),
    tags: new Map(),
    tagNames: createSortedNames(),
    referrers: new Map(),
    unread: new Set(),
    referrerLists: new Map(document.referrerLists),
    staleLists: new Set(),
    document: { foreign: document.foreign, annotations: document.annotations },
  };
  for (const { entry, tag } of document.entries) {
    addUnread(state, entry);
    // Where a tag stands twice, zot and olareg take the first.
    if (tag !== undefined && !state.tags.has(tag)) setTag(state, tag, entry.digest);
  }
  return state;
}

/** A manifest whose subject is not known yet. */
export function addUnread(state: LayoutState, entry: ManifestEntry): void {
  if (state.manifests.has(entry.digest)) return;
  state.manifests.set(entry.digest, entry);
  state.unread.add(entry.digest);
}

export function noteSubject(state: LayoutState, digest: Digest, subject: Digest | undefined): void {
  state.unread.delete(digest);
  if (subject === undefined) return;
  const known = state.referrers.get(subject) ?? new Set();
  known.add(digest);
  state.referrers.set(subject, known);
}

function setTag(state: LayoutState, tag: string, digest: Digest): void {
  state.tags.set(tag, digest);
  state.tagNames.add(tag);
}

function dropTag(state: LayoutState, tag: string): void {
  state.tags.delete(tag);
  state.tagNames.remove(tag);
}

/** Whether the change would leave everything as it is; then nothing is written at all. */
export function isKnown(state: LayoutState, change: LayoutChange): boolean {
  if (change.op === "untag") return !state.tags.has(change.tag);
  if (change.op === "delete") return !state.manifests.has(change.digest);
  const entry = state.manifests.get(change.entry.digest);
  return entry?.mediaType === change.entry.mediaType && change.tags.every((tag) => state.tags.get(tag) === change.entry.digest);
}

export function applyChange(state: LayoutState, change: LayoutChange): void {
  if (change.op === "untag") dropTag(state, change.tag);
  else if (change.op === "delete") dropManifest(state, change.digest);
  else putEntry(state, change);
}

function putEntry(state: LayoutState, change: Extract<LayoutChange, { op: "put" }>): void {
  const { entry } = change;
  const known = state.manifests.get(entry.digest);
  if (known?.mediaType !== entry.mediaType) state.manifests.set(entry.digest, entry);
  noteSubject(state, entry.digest, change.subject);
  if (change.subject !== undefined && known === undefined) state.staleLists.add(change.subject);
  for (const tag of change.tags) setTag(state, tag, entry.digest);
}

function dropManifest(state: LayoutState, digest: Digest): void {
  state.manifests.delete(digest);
  state.unread.delete(digest);
  for (const [tag, target] of state.tags) if (target === digest) dropTag(state, tag);
  for (const [subject, known] of state.referrers) {
    if (!known.delete(digest)) continue;
    state.staleLists.add(subject);
    if (known.size === 0) state.referrers.delete(subject);
  }
}

/** The bytes of `index.json` that say what the state says. */
export function snapshot(state: LayoutState): Buffer {
  const withTag = new Set(state.tags.values());
  const tagged: [string, ManifestEntry][] = [];
  for (const tag of state.tagNames.all()) {
    const entry = state.manifests.get(state.tags.get(tag) ?? "");
    if (entry !== undefined) tagged.push([tag, entry]);
  }
  const untagged = [...state.manifests.values()].filter(({ digest }) => !withTag.has(digest));
  return serialiseIndex({ tagged, untagged, referrerLists: state.referrerLists, ...state.document });
}
