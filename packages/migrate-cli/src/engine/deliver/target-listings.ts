import { isChartferryError, type ChartStore, type Clock, type Connection } from "@chartferry/core";

import { createHashSet, type HashSet } from "../tables/hash-set.ts";
import { hashText } from "../tables/hash-text.ts";

/** A repository of the target and what its registry lists there. */
export interface TargetRepository {
  readonly store: ChartStore;
  /** Whether a tag was there a moment ago. `undefined` = the registry lets nobody list, or the listing is old: the tag is asked for by name. */
  lists(tag: string): boolean | undefined;
  /** How many tags were listed, however long ago. `undefined` = the registry lets nobody list. */
  readonly listed: number | undefined;
}

export interface TargetListings {
  /** The listing happens once a repository, when its first version comes; one that failed and may succeed later is repeated with the next version. */
  of(repository: string): Promise<TargetRepository>;
}

/** Others push too: what was listed longer ago says no more that a tag is free. Milliseconds. */
const believedFor = 60_000;

/** Whether knowledge of this time (milliseconds since 1970) may still spare a look. */
export function isRecent(since: number, clock: Clock): boolean {
  return clock.now() - since <= believedFor;
}

/** Repositories kept at once: the source gives the versions of a chart together, so few are in use. */
const keptRepositories = 64;
/** And tags of all of them, but for those of the newest: 8 to 16 bytes each. */
const mostTags = 1_000_000;

export interface ListingOptions {
  /** `false` = open the repositories only. */
  readonly listTags: boolean;
  readonly onListed?: ((repository: string, tags: ReadonlySet<string> | undefined) => void) | undefined;
  readonly clock: Clock;
  /** Tags that are remembered of all repositories together; default 1,000,000. */
  readonly keptTags?: number;
  readonly signal?: AbortSignal | undefined;
}

interface Kept {
  readonly listing: Promise<TargetRepository>;
  tags: number;
}

export function createTargetListings(connection: Connection, options: ListingOptions): TargetListings {
  const kept = new Map<string, Kept>();
  return {
    of(repository) {
      const present = kept.get(repository);
      if (present !== undefined) return present.listing;
      const entry: Kept = { listing: open(connection, repository, options), tags: 0 };
      kept.set(repository, entry);
      forgetOldest(kept, options);
      const forget = (error: unknown): void => {
        // A list that never ends is not read to that end for each version.
        if (kept.get(repository) === entry && !isChartferryError(error, "protocol-violation")) kept.delete(repository);
      };
      const count = ({ listed = 0 }: TargetRepository): void => {
        entry.tags = listed;
        forgetOldest(kept, options);
      };
      entry.listing.then(count, forget);
      return entry.listing;
    },
  };
}

function forgetOldest(kept: Map<string, Kept>, { keptTags = mostTags }: ListingOptions): void {
  let tags = [...kept.values()].reduce((sum, each) => sum + each.tags, 0);
  for (const [repository, each] of kept) {
    if (kept.size <= 1 || (kept.size <= keptRepositories && tags <= keptTags)) return;
    kept.delete(repository);
    tags -= each.tags;
  }
}

async function open(connection: Connection, repository: string, options: ListingOptions): Promise<TargetRepository> {
  // From the listing's start on: a tag may have come while later pages were read.
  const since = options.clock.now();
  const { store, hashes } = await list(connection, repository, options);
  if (hashes === undefined) return { store, listed: undefined, lists: () => undefined };
  return { store, listed: hashes.size, lists: (tag) => (isRecent(since, options.clock) ? hashes.has(hashText(tag)) : undefined) };
}

interface ListedRepository {
  readonly store: ChartStore;
  /** Of the tags. `undefined` = this registry does not let us list. */
  readonly hashes: HashSet | undefined;
}

async function list(connection: Connection, repository: string, options: ListingOptions): Promise<ListedRepository> {
  const store = await connection.openStore(repository);
  const hashes = createHashSet();
  // The texts are kept for who wants to hear them, and no longer.
  const tags = options.onListed === undefined ? undefined : new Set<string>();
  const told = (found: ListedRepository): ListedRepository => {
    options.onListed?.(repository, found.hashes === undefined ? undefined : tags);
    return found;
  };
  if (!options.listTags) return told({ store, hashes: undefined });
  try {
    for await (const tag of store.tags({ signal: options.signal })) {
      hashes.add(hashText(tag));
      tags?.add(tag);
    }
    return told({ store, hashes });
  } catch (error) {
    // A push right need not include the right to list.
    if (isChartferryError(error, "unsupported", "denied", "denied-or-missing")) return told({ store, hashes: undefined });
    throw error;
  }
}
