import type { GateRequest } from "./gate-line.ts";

/**
 * What a host refuses, of one kind of request: many different things, as one does who is asked for too much, or the same thing again and again
 * while it serves the others. The latter speaks of that thing, and is no reason to ask for the others more slowly. Only its own methods change it.
 */
export interface RefusedThings {
  /** Refused since anybody was served last. */
  readonly row: ReadonlySet<string>;
  /** So many refusals so far. */
  readonly count: number;
  served(things: Things): void;
  /** `undefined` = it speaks of the host, as far as anybody can tell. */
  refused(things: Things, at: { readonly now: number; readonly seen: number }): OwnTrouble | undefined;
}

/** One thing that is refused while others are served. */
export interface OwnTrouble {
  /** Refusals, each of a request that began after the one before. */
  readonly refusals: number;
  /** When the first came, milliseconds since 1970. */
  readonly since: number;
}

/** What a request is about, the widest first: a repository, and what exactly is asked for. */
export type Things = readonly [string, ...string[]];

/** A repository that answers 503 is one thing, and so is a file; what the charts of a source are called says nothing of where they lie. */
export function thingsOf({ url: { pathname }, repository }: Pick<GateRequest, "url" | "repository">): Things {
  return repository !== undefined && pathname.startsWith("/v2/") ? [`repository ${repository}`, pathname] : [pathname];
}

interface Entry {
  refusals: number;
  readonly since: number;
  /** Refusals that came though others were served since the one before. */
  strikes: number;
  /** All that were refused and all that were served when it was refused last. */
  count: number;
  grants: number;
}

/** A host that is asked for too much also refuses the same thing twice now and then: with one strike a bucket of one token is used less well. */
const strikesToTell = 2;
/** Things remembered at most: those that were refused first are forgotten. */
const thingsLimit = 1000;

export function createRefusedThings(): RefusedThings {
  const entries = new Map<string, Entry>();
  const row = new Set<string>();
  let [count, grants] = [0, 0];
  return {
    row,
    get count() {
      return count;
    },
    served(things) {
      grants++;
      row.clear();
      for (const thing of things) entries.delete(thing);
    },
    refused(things, { now, seen }) {
      count++;
      remember(row, things[0]);
      const struck = things.map((thing) => strike(entries, { thing, now, seen, count, grants }));
      return struck.find(({ strikes }) => strikes >= strikesToTell);
    },
  };
}

export function remember(row: Set<string>, thing: string): void {
  if (row.size < thingsLimit) row.add(thing);
}

interface Strike {
  readonly thing: string;
  readonly now: number;
  /** How many refusals were known when the request began. */
  readonly seen: number;
  readonly count: number;
  readonly grants: number;
}

function strike(entries: Map<string, Entry>, { thing, now, seen, count, grants }: Strike): Entry {
  const known = entries.get(thing);
  if (known !== undefined) {
    // Requests that were on their way together are refused together: that is one refusal.
    if (seen < known.count) return known;
    known.refusals++;
    if (grants > known.grants) known.strikes++;
    return Object.assign(known, { count, grants });
  }
  const [oldest] = entries.keys();
  if (oldest !== undefined && entries.size >= thingsLimit) entries.delete(oldest);
  const entry: Entry = { refusals: 1, since: now, strikes: 0, count, grants };
  entries.set(thing, entry);
  return entry;
}
