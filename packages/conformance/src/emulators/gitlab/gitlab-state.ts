import type { EmulatorClock } from "../world/emulator-clock.ts";
import { type IssuedTokens, issuedTokens } from "../world/issued-tokens.ts";

/** Personal, project and group access tokens, deploy tokens, the token of a job: all are a user and a password. */
export interface GitlabAccount {
  readonly password: string;
  /** Projects that it may push to; deletion included. */
  readonly projects: readonly string[];
  /** Deploy tokens are for the registry alone. */
  readonly kind: "access-token" | "deploy-token" | "job";
}

export interface GitlabProject {
  readonly isPublic: boolean;
  /** Patterns of tags. Source: gitlabhq, `doc/user/packages/container_registry/immutable_container_tags.md`. */
  readonly immutable: readonly string[];
  /** Source: gitlabhq, `protected_container_tags.md`. */
  readonly protected: readonly string[];
}

export interface GitlabOptions {
  /** Host of the registry; GitLab itself is on another. */
  readonly host: string;
  readonly gitlabHost: string;
  readonly blobHost: string;
  /** Seconds: 900 at gitlab.com, 300 elsewhere. Source: `authenticate_with_container_registry.md`. */
  readonly tokenLife: number;
  /** By user name. */
  readonly accounts: ReadonlyMap<string, GitlabAccount>;
}

/** What registry, token service and API share. */
export interface GitlabState extends GitlabOptions {
  readonly clock: EmulatorClock;
  readonly tokens: IssuedTokens;
  /** By path. */
  readonly projects: Map<string, GitlabProject>;
  /** Repositories that hold something. */
  readonly repositories: Set<string>;
}

export function gitlabState(options: GitlabOptions, clock: EmulatorClock): GitlabState {
  const jwt = { issuer: "omnibus-gitlab-issuer", audience: "container_registry" };
  const tokens = issuedTokens({ clock, life: options.tokenLife, jwt });
  return { ...options, clock, tokens, projects: new Map(), repositories: new Set() };
}

export const plainProject: GitlabProject = { isPublic: false, immutable: [], protected: [] };

/** A repository lies in its project's path, or two parts below at most. Source: gitlabhq, `doc/user/packages/container_registry/_index.md`. */
const deepest = 2;

export function projectOf({ projects }: GitlabState, repository: string): string | undefined {
  return [...projects.keys()].find(
    (path) => repository === path || (repository.startsWith(`${path}/`) && repository.slice(path.length + 1).split("/").length <= deepest),
  );
}
