import type { EmulatorClock } from "../world/emulator-clock.ts";
import { type IssuedTokens, issuedTokens } from "../world/issued-tokens.ts";

export interface HubAccount {
  /** A personal or organisation access token. */
  readonly accessToken: string;
  /** User names and organisations below which it may act. */
  readonly namespaces: readonly string[];
  readonly mayPush: boolean;
}

export interface HubOptions {
  /** By user name. */
  readonly accounts: ReadonlyMap<string, HubAccount>;
  /** Manifests that one account may GET in six hours. Default 200. Source: docker/docs `usage/pulls.md`. */
  readonly pullLimit?: number;
}

/** What registry, token service and management API share. */
export interface HubState extends Required<HubOptions> {
  readonly clock: EmulatorClock;
  readonly tokens: IssuedTokens;
  /** `namespace/repository` whose tags do not move. Source: docker/docs `immutable-tags.md`. */
  readonly immutable: Set<string>;
  /** Made in the web pages, with nothing in them yet. */
  readonly empty: Set<string>;
  /** Nobody but the namespace's own people sees them. */
  readonly hidden: Set<string>;
  /** GETs of manifests so far, by account; the empty name is everybody else. */
  readonly pulls: Map<string, number>;
}

export const hubHosts = {
  registry: "registry-1.docker.io",
  tokens: "auth.docker.io",
  blobs: "production.cloudflare.docker.com",
  api: "hub.docker.com",
  /** What users call it; no registry answers there. */
  name: "docker.io",
  website: "www.docker.com",
} as const;

/** Usual life of a token in seconds, not verified; the reply says it. */
const tokenLife = 300;

export function hubState(options: HubOptions, clock: EmulatorClock): HubState {
  const jwt = { issuer: hubHosts.tokens, audience: "registry.docker.io" };
  return {
    pullLimit: 200,
    ...options,
    clock,
    tokens: issuedTokens({ clock, life: tokenLife, jwt }),
    immutable: new Set(),
    empty: new Set(),
    hidden: new Set(),
    pulls: new Map(),
  };
}
