import type { Challenge } from "./challenge.ts";

/** What a registry has asked for so far: once for the host, again for repositories where it asks something else (Artifactory has a realm for each key). */
export interface KnownChallenges {
  for(repository: string | undefined): Challenge | undefined;
  remember(repository: string | undefined, challenge: Challenge): void;
}

/** Repositories with a challenge of their own. */
const limit = 10_000;

export function createKnownChallenges(): KnownChallenges {
  let host: Challenge | undefined;
  const own = new Map<string, Challenge>();
  return {
    for: (repository) => own.get(repository ?? "") ?? host,
    remember: (repository, challenge) => {
      if (!isOwnRealm(challenge, repository)) host ??= withoutScope(challenge);
      if (own.size >= limit) own.clear();
      if (repository !== undefined) own.set(repository, challenge);
    },
  };
}

/** A realm whose path names where the repository lies is none of the others: it may not even know who asks for them. */
function isOwnRealm({ parameters: { realm = "" } }: Challenge, repository: string | undefined): boolean {
  const [first] = repository?.split("/") ?? [];
  return first !== undefined && URL.canParse(realm) && new URL(realm).pathname.split("/").includes(first);
}

/** The scope speaks of one repository, or of the catalog; an opaque one (`aws`) is the registry's own. */
function withoutScope(challenge: Challenge): Challenge {
  const scope = challenge.parameters["scope"];
  if (scope === undefined || !scope.includes(":")) return challenge;
  const { scope: _scope, ...parameters } = challenge.parameters;
  return { scheme: challenge.scheme, parameters };
}
