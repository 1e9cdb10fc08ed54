import { isChartferryError, type ChartStore, type Clock, type Connection } from "@chartferry/core";

/** A repository of the target and what its registry lists there. */
export interface TargetRepository {
  readonly store: ChartStore;
  /** Whether a tag was there a moment ago. `undefined` = the registry lets nobody list, or the listing is old: the tag is asked for by name. */
  lists(tag: string): boolean | undefined;
  /** What was listed, however long ago. `undefined` = the registry lets nobody list. */
  readonly tags: ReadonlySet<string> | undefined;
}

export interface TargetListings {
  /** The listing happens once a repository, when its first version comes; a failed one is repeated with the next version. */
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

export interface ListingOptions {
  /** `false` = open the repositories only. */
  readonly listTags: boolean;
  readonly onListed?: (repository: string, tags: ReadonlySet<string> | undefined) => void;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

export function createTargetListings(connection: Connection, options: ListingOptions): TargetListings {
  const kept = new Map<string, Promise<TargetRepository>>();
  const open = async (repository: string): Promise<TargetRepository> => {
    // From the listing's start on: a tag may have come while later pages were read.
    const since = options.clock.now();
    const { store, tags } = await list(connection, repository, options);
    options.onListed?.(repository, tags);
    return { store, tags, lists: (tag) => (isRecent(since, options.clock) ? tags?.has(tag) : undefined) };
  };
  return {
    of(repository) {
      const present = kept.get(repository);
      if (present !== undefined) return present;
      const listing = open(repository);
      kept.set(repository, listing);
      listing.catch(() => kept.delete(repository));
      const oldest = kept.size > keptRepositories ? kept.keys().next().value : undefined;
      if (oldest !== undefined) kept.delete(oldest);
      return listing;
    },
  };
}

interface ListedRepository {
  readonly store: ChartStore;
  /** `undefined` = this registry does not let us list. */
  readonly tags: ReadonlySet<string> | undefined;
}

async function list(connection: Connection, repository: string, { listTags, signal }: ListingOptions): Promise<ListedRepository> {
  const store = await connection.openStore(repository);
  if (!listTags) return { store, tags: undefined };
  const tags = new Set<string>();
  try {
    for await (const tag of store.tags({ signal })) tags.add(tag);
    return { store, tags };
  } catch (error) {
    // A push right need not include the right to list.
    if (isChartferryError(error, "unsupported", "denied", "denied-or-missing")) return { store, tags: undefined };
    throw error;
  }
}
