import type { Emulator } from "./world/emulator.ts";

/** Who somebody is: variables of the environment, and what Docker's credential file holds for the registry. */
export interface Identity {
  readonly environment?: Readonly<Record<string, string>>;
  /** `auths` of Docker's file: user and password by its key. */
  readonly auths?: Readonly<Record<string, { readonly username: string; readonly password: string }>>;
  /** By their path within the user's home. */
  readonly files?: Readonly<Record<string, string>>;
}

/** One registry as a test finds it: cold, closed, with nothing in it. */
export interface Setup {
  readonly emulator: Emulator;
  /** Host and port as a reference names them. */
  readonly registry: string;
  /** Where the charts go: `oci://HOST/PATH`. */
  readonly target: string;
  /** May do everything that migrating needs, the creation of repositories included. */
  readonly user: Identity;
  /** Wrong for this registry, in the way in which its users are wrong. */
  readonly stranger: Identity;
  /** What makes a push to a missing repository work: the push itself, `--create-repositories if-missing`, or somebody else by hand. */
  readonly creation: "on-push" | "if-missing" | "by-hand";
  /** Makes what must be there before charts of these repositories (paths within the registry) can be pushed, as an administrator would. */
  readonly prepare: (repositories: readonly string[]) => void;
  /** From now on tags of these repositories cannot be moved; absent where the registry has no such rule. */
  readonly makeImmutable?: (repositories: readonly string[]) => void;
  /** The user's credential ends, as by time; absent where credentials of this registry do not. */
  readonly expire?: () => void;
  /** Who has yesterday's `docker login`, which is refused by now, and good credentials that come after it; absent where logins do not end. */
  readonly stale?: () => Identity;
}
