import { randomBytes } from "node:crypto";

import type { EmulatorClock } from "../world/emulator-clock.ts";
import type { AwsCall } from "./aws-json.ts";

export interface EcrIdentity {
  readonly mayCreate: boolean;
  readonly mayPush: boolean;
}

export interface EcrOptions {
  /** Twelve digits. */
  readonly account: string;
  readonly region: string;
  /** By access key id. */
  readonly identities: ReadonlyMap<string, EcrIdentity>;
  /** Prefixes for which a creation template creates on push; `ROOT` for all. Default: none. Source: user guide, repository creation templates. */
  readonly createOnPush?: readonly string[];
  /** The account setting BLOB_MOUNTING. Default: off, as at AWS. */
  readonly blobMounting?: boolean;
}

export interface EcrRepository {
  readonly immutable: boolean;
  /** What CreateRepository was asked for. */
  readonly wish: Readonly<Record<string, unknown>>;
}

/** What control plane and registry of one account and region share. */
export interface EcrState extends Required<EcrOptions> {
  readonly host: string;
  readonly clock: EmulatorClock;
  readonly repositories: Map<string, EcrRepository>;
  /** What the control plane was asked, and what it said. */
  readonly calls: AwsCall[];
  issuePassword(identity: EcrIdentity): { readonly password: string; readonly expiresAt: number };
  /** `undefined` = never issued. */
  passwordState(password: string): { readonly identity: EcrIdentity; readonly expired: boolean } | undefined;
  revokePasswords(): void;
}

/** Life of a password. Source: user guide, registry authentication. Milliseconds. */
const passwordLife = 12 * 3_600_000;

export function ecrState(options: EcrOptions, clock: EmulatorClock): EcrState {
  const issued = new Map<string, { identity: EcrIdentity; expiresAt: number }>();
  return {
    createOnPush: [],
    blobMounting: false,
    ...options,
    host: `${options.account}.dkr.ecr.${options.region}.amazonaws.com`,
    clock,
    repositories: new Map(),
    calls: [],
    issuePassword: (identity) => {
      const password = randomBytes(40).toString("base64url");
      const expiresAt = clock.now() + passwordLife;
      issued.set(password, { identity, expiresAt });
      return { password, expiresAt };
    },
    passwordState: (password) => {
      const found = issued.get(password);
      return found && { identity: found.identity, expired: found.expiresAt <= clock.now() };
    },
    revokePasswords: () => {
      for (const each of issued.values()) each.expiresAt = 0;
    },
  };
}
