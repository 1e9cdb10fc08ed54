import type { EmulatorClock } from "../world/emulator-clock.ts";
import { type IssuedTokens, issuedTokens } from "../world/issued-tokens.ts";

export interface GithubToken {
  readonly login: string;
  /** `actions`: the token of a workflow, which acts for one repository. */
  readonly kind: "classic" | "actions" | "fine-grained";
  /** Owners below which it may write packages. */
  readonly owners: readonly string[];
  expired?: boolean;
}

export interface GhcrPackage {
  readonly isPublic: boolean;
  /** Whether the repository whose workflow pushes has the role Write. */
  readonly linked: boolean;
}

export interface GhcrOptions {
  /** By the token itself. */
  readonly tokens: ReadonlyMap<string, GithubToken>;
  /** Owners that are organisations; the others are users. */
  readonly organisations: readonly string[];
  /** What the referrers API answers. Sources: artifacthub/hub#4785, NVIDIA/aicr#1957. Default: a redirect to github.com, which then answers 429. */
  readonly referrers?: "redirect" | "missing";
}

/** What registry, token service and REST API share. */
export interface GhcrState extends Required<GhcrOptions> {
  readonly clock: EmulatorClock;
  readonly sessions: IssuedTokens;
  /** By name, owner included. */
  readonly packages: Map<string, GhcrPackage>;
  /** Tags of each package, the one that was pushed first first. */
  readonly pushed: Map<string, readonly string[]>;
}

export const ghcrHosts = {
  registry: "ghcr.io",
  blobs: "pkg-containers.githubusercontent.com",
  website: "github.com",
  api: "api.github.com",
} as const;

/** Seconds; the reply does not say it, and no source does. */
const sessionLife = 300;

export function ghcrState(options: GhcrOptions, clock: EmulatorClock): GhcrState {
  return {
    referrers: "redirect",
    ...options,
    clock,
    sessions: issuedTokens({ clock, life: sessionLife }),
    packages: new Map(),
    pushed: new Map(),
  };
}

/** The token, if it is one that GHCR takes. Fine-grained ones are not. Source: docker/login-action#331. */
export function usable({ tokens }: GhcrState, text: string): GithubToken | undefined {
  const token = tokens.get(text);
  return token === undefined || token.expired === true || token.kind === "fine-grained" ? undefined : token;
}
