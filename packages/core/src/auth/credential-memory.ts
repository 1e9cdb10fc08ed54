import { createHash } from "node:crypto";

import type { Clock } from "../clock.ts";
import { type Credential, type CredentialProvider, secretOf } from "./credential.ts";

/** What a credential is wanted for: reading may end anonymous where writing must not. */
export interface CredentialPlace {
  readonly repository: string | undefined;
  readonly reads: boolean;
}

export interface CredentialMemory {
  /** The credential for a repository, asked for once and again shortly before it expires. */
  current(place: CredentialPlace): Promise<Credential>;
  /** The registry refused this one here: another of the user's, or `undefined` when there is none left. */
  next(place: CredentialPlace, refused: Credential): Promise<Credential | undefined>;
}

/** A registry may refuse a good credential for one repository only, so a refusal counts there and nowhere else. */
interface Entry {
  readonly name: string;
  credential: Promise<Credential>;
  readonly refusedSources: Set<string>;
  readonly refusedIdentities: Set<string>;
}

/** Repositories whose credential is remembered. */
const limit = 4096;
/** An expiring credential is asked for again this long before. Milliseconds. */
const early = 60_000;

export function createCredentialMemory(options: {
  readonly provider: CredentialProvider;
  readonly key: string;
  readonly clock: Clock;
}): CredentialMemory {
  const { provider, key, clock } = options;
  const entries = new Map<string, Entry>();

  function ask(place: CredentialPlace, refused: ReadonlySet<string>): Promise<Credential> {
    const { repository } = place;
    return provider({ key, ...(repository === undefined ? {} : { repository }), ...(refused.size === 0 ? {} : { refused: [...refused] }) });
  }

  function entryFor(place: CredentialPlace): Entry {
    const name = JSON.stringify([place.repository ?? "", place.reads]);
    const known = entries.get(name);
    if (known !== undefined) return known;
    if (entries.size >= limit) entries.clear();
    const entry: Entry = { name, credential: ask(place, new Set()), refusedSources: new Set(), refusedIdentities: new Set() };
    entries.set(name, entry);
    hold(entries, entry, entry.credential);
    return entry;
  }

  return {
    current: async (place) => {
      const entry = entryFor(place);
      const held = entry.credential;
      const credential = await held;
      const expires = credential.kind === "anonymous" ? undefined : credential.expiresAt;
      if (expires === undefined || expires - early > clock.now()) return credential;
      if (entry.credential === held) hold(entries, entry, ask(place, entry.refusedSources));
      return entry.credential;
    },
    next: async (place, refused) => {
      const entry = entryFor(place);
      const identity = identityOf(refused);
      if (!entry.refusedIdentities.has(identity)) {
        entry.refusedIdentities.add(identity);
        entry.refusedSources.add(refused.source);
        const before = entry.credential;
        const another = ask(place, entry.refusedSources).then((found) => (usable(found, place, entry) ? found : before));
        hold(entries, entry, another);
      }
      const credential = await entry.credential;
      return usable(credential, place, entry) ? credential : undefined;
    },
  };
}

/** Everyone who comes meanwhile shares the pending answer; a failure is forgotten, so that the next request asks again. */
function hold(entries: Map<string, Entry>, entry: Entry, credential: Promise<Credential>): void {
  entry.credential = credential;
  credential.catch(() => {
    if (entry.credential === credential && entries.get(entry.name) === entry) entries.delete(entry.name);
  });
}

function usable(credential: Credential, place: CredentialPlace, { refusedIdentities }: Entry): boolean {
  return credential.kind === "anonymous" ? place.reads : !refusedIdentities.has(identityOf(credential));
}

/** Tells credentials apart without keeping the secret in a key. */
export function identityOf(credential: Credential): string {
  const secret = credential.kind === "basic" ? `${credential.username}\n${credential.password}` : secretOf(credential);
  return `${credential.kind}:${createHash("sha256").update(secret).digest("base64url")}`;
}
