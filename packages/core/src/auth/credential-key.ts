/** How well a key of a credential file fits; a longer path is better, then the exact spelling. */
export interface KeyMatch {
  readonly pathLength: number;
  readonly exact: boolean;
}

/** Paths that old keys carry for the API itself (`https://index.docker.io/v1/`). */
const apiPaths = new Set(["", "v1", "v2", "v1/users", "v2/_catalog"]);

/**
 * Whether a key of a credential file speaks of the host asked for (and of the repository, where it has a path).
 * Keys stand there as `host`, `host:port`, `https://host/v1/` or `host/team/app`; hosts compare without case, ports exactly.
 */
export function matchKey(entry: string, wanted: string, repository: string | undefined): KeyMatch | undefined {
  if (entry === wanted) return { pathLength: 0, exact: true };
  const own = split(entry);
  if (own.host !== split(wanted).host) return undefined;
  if (apiPaths.has(own.path)) return { pathLength: 0, exact: false };
  if (repository === undefined || !`${repository}/`.startsWith(`${own.path}/`)) return undefined;
  return { pathLength: own.path.length, exact: false };
}

/** Best first; equals by name, so that the choice never depends on the order in the file. */
export function compareKeys(a: { match: KeyMatch; name: string }, b: { match: KeyMatch; name: string }): number {
  if (a.match.pathLength !== b.match.pathLength) return b.match.pathLength - a.match.pathLength;
  if (a.match.exact !== b.match.exact) return a.match.exact ? -1 : 1;
  return a.name < b.name ? -1 : 1;
}

function split(key: string): { host: string; path: string } {
  const bare = key.trim().replace(/^[a-z][a-z0-9+.-]*:\/\//i, "");
  const slash = bare.indexOf("/");
  const host = (slash < 0 ? bare : bare.slice(0, slash)).toLowerCase();
  return { host, path: slash < 0 ? "" : bare.slice(slash + 1).replace(/\/+$/, "") };
}
