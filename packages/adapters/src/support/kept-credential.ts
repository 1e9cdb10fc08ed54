import type { Clock, Credential, CredentialLookUp } from "@chartferry/core";

/** A refused secret is replaced once in this time: many repositories may report the same refusal. Milliseconds. */
const betweenRenewals = 30_000;
/** Asked for anew this long before it expires. Milliseconds. */
const early = 60_000;

/**
 * One secret for all repositories of a connection: asked for once, whoever comes first, and again when it is about to expire or was refused.
 * `source` is the `Credential.source` of what `fetch` gives.
 */
export function keptCredential(source: string, clock: Pick<Clock, "now">, fetch: () => Promise<Credential | undefined>): CredentialLookUp {
  let held: Promise<Credential | undefined> | undefined;
  let renewed = Number.NEGATIVE_INFINITY;
  const ask = (): Promise<Credential | undefined> => {
    const asking = fetch();
    held = asking;
    asking.catch(() => {
      if (held === asking) held = undefined;
    });
    return asking;
  };
  const renew = async (before: Credential | undefined): Promise<Credential | undefined> => {
    renewed = clock.now();
    const another = await ask();
    return another !== undefined && isSame(another, before) ? undefined : another;
  };
  return async ({ refused = [] }) => {
    const found = await (held ?? ask());
    if (refused.includes(source) && clock.now() - renewed > betweenRenewals) return renew(found);
    return isEnding(found, clock.now()) ? ask() : (held ?? found);
  };
}

function isSame(left: Credential, right: Credential | undefined): boolean {
  return JSON.stringify({ ...left, expiresAt: 0 }) === JSON.stringify({ ...right, expiresAt: 0 });
}

function isEnding(credential: Credential | undefined, now: number): boolean {
  const expires = credential === undefined || credential.kind === "anonymous" ? undefined : credential.expiresAt;
  return expires !== undefined && expires - early <= now;
}
