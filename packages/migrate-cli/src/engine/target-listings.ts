import { isChartferryError, type ChartStore, type Connection } from "@chartferry/core";

/** A repository of the target and what its registry lists there. */
export interface TargetRepository {
  readonly store: ChartStore;
  /** `undefined` = this registry does not let us list; each tag is then asked for by name. */
  readonly tags: ReadonlySet<string> | undefined;
}

export interface TargetListings {
  /** The listing happens once a repository, when its first version comes; a failed one is repeated with the next version. */
  of(repository: string): Promise<TargetRepository>;
}

/** Repositories kept at once: the source gives the versions of a chart together, so few are in use. */
const keptRepositories = 64;

export interface ListingOptions {
  /** `false` = open the repositories only. */
  readonly listTags: boolean;
  readonly signal?: AbortSignal | undefined;
}

export function createTargetListings(connection: Connection, options: ListingOptions): TargetListings {
  const kept = new Map<string, Promise<TargetRepository>>();
  return {
    of(repository) {
      const present = kept.get(repository);
      if (present !== undefined) return present;
      const listing = list(connection, repository, options);
      kept.set(repository, listing);
      listing.catch(() => kept.delete(repository));
      const oldest = kept.size > keptRepositories ? kept.keys().next().value : undefined;
      if (oldest !== undefined) kept.delete(oldest);
      return listing;
    },
  };
}

async function list(connection: Connection, repository: string, { listTags, signal }: ListingOptions): Promise<TargetRepository> {
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
