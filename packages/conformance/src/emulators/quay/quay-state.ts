import type { EmulatorClock } from "../world/emulator-clock.ts";
import { type IssuedTokens, issuedTokens } from "../world/issued-tokens.ts";

/** A user, or a robot (`organisation+name`). */
export interface QuayAccount {
  readonly password: string;
  /** Organisations in which it may create repositories and write to all of them. */
  readonly creatorIn: readonly string[];
}

export interface QuayOptions {
  readonly host: string;
  readonly blobHost: string;
  /** By name. */
  readonly accounts: ReadonlyMap<string, QuayAccount>;
  readonly organisations: readonly string[];
  /** Whether names may have more than two parts. quay.io: yes. Source: quay/quay, `util/names.py`. */
  readonly extendedNames: boolean;
}

/** What registry and token service share. */
export interface QuayState extends QuayOptions {
  readonly clock: EmulatorClock;
  readonly tokens: IssuedTokens;
  /** All private. */
  readonly repositories: Set<string>;
  readonly immutable: Set<string>;
  /** Organisations whose quota is used up, and those that take no writes. */
  readonly full: Set<string>;
  readonly readOnly: Set<string>;
}

/** Seconds; the reply does not say it. Source: quay/quay, `endpoints/v2/v2auth.py`. */
const tokenLife = 3600;

export function quayState(options: QuayOptions, clock: EmulatorClock): QuayState {
  const tokens = issuedTokens({ clock, life: tokenLife, jwt: { issuer: "quay", audience: options.host } });
  return {
    ...options,
    clock,
    tokens,
    repositories: new Set(),
    immutable: new Set(),
    full: new Set(),
    readOnly: new Set(),
  };
}

export function organisationOf(repository: string): string {
  return repository.split("/")[0] ?? "";
}
