interface RepositoryScope {
  readonly name: string;
  readonly actions: readonly string[];
}

/**
 * The scopes to ask for, the missing one first and no repository twice (some token servers read only the first, others choke on repeats).
 * The challenge's own name for our repository wins (Artifactory strips the repository key), so does a scope that is none of ours (`aws`);
 * a placeholder for somebody else's repository does not (GHCR). Source: distribution's token documentation, registry notes.
 */
export function chooseScopes(wanted: readonly string[], challengeScope: string | undefined): readonly string[] {
  const offered = (challengeScope ?? "").split(/\s+/).filter((scope) => scope !== "");
  if (wanted.length === 0) return merge(offered);
  const own = offered.filter((scope) => parseRepositoryScope(scope) === undefined);
  if (own.length > 0 && own.length === offered.length && wanted.every((scope) => parseRepositoryScope(scope) !== undefined))
    return merge(own);
  return merge(wanted.map((scope) => inTheirWords(scope, offered)));
}

/** Whether the scopes only read. */
export function readsOnly(scopes: readonly string[]): boolean {
  return scopes.every((scope) => (parseRepositoryScope(scope)?.actions ?? []).every((action) => action === "pull"));
}

function inTheirWords(scope: string, offered: readonly string[]): string {
  const ours = parseRepositoryScope(scope);
  if (ours === undefined) return scope;
  for (const text of offered) {
    const theirs = parseRepositoryScope(text);
    if (theirs !== undefined && (theirs.name === ours.name || ours.name.endsWith(`/${theirs.name}`))) {
      // `delete` is asked for by those who delete only: Quay answers 400 to it.
      return format({ name: theirs.name, actions: [...ours.actions, ...theirs.actions.filter((action) => action !== "delete")] });
    }
  }
  return scope;
}

function merge(scopes: readonly string[]): readonly string[] {
  const merged = new Map<string, readonly string[]>();
  const order: string[] = [];
  for (const scope of scopes) {
    const parsed = parseRepositoryScope(scope);
    const key = parsed === undefined ? scope : `repository:${parsed.name}`;
    if (!merged.has(key)) order.push(key);
    merged.set(key, parsed === undefined ? [] : [...(merged.get(key) ?? []), ...parsed.actions]);
  }
  return order.map((key) => {
    const actions = merged.get(key) ?? [];
    return actions.length === 0 ? key : format({ name: key.slice("repository:".length), actions });
  });
}

/** `repository:<name>:<actions>`; the name may hold a port, so the last colon counts. */
function parseRepositoryScope(scope: string): RepositoryScope | undefined {
  const match = /^repository(?:\([^)]*\))?:(.+):([^:/]+)$/.exec(scope);
  return match === null ? undefined : { name: match[1] ?? "", actions: (match[2] ?? "").split(",") };
}

function format({ name, actions }: RepositoryScope): string {
  return `repository:${name}:${[...new Set(actions.filter((action) => action !== ""))].join(",")}`;
}
