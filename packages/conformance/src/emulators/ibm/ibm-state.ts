import type { BasicPair } from "../world/basic-pair.ts";
import type { EmulatorClock } from "../world/emulator-clock.ts";
import { type IssuedTokens, issuedTokens } from "../world/issued-tokens.ts";

export interface IbmIdentity {
  readonly apiKey: string;
  readonly account: string;
  /** The role Manager on the account. */
  readonly isManager: boolean;
}

export interface IbmOptions {
  /** `us`, `de` …; empty for the global registry. */
  readonly region: string;
  readonly identities: readonly IbmIdentity[];
}

/** What an account is refused for as a whole. Sources: ibm-cloud-docs/Registry, ts_quota.md, ts_private.md, ts_scope.md. */
export type IbmRefusal = "storage quota" | "private only" | "insufficient scope";

export interface IbmState extends IbmOptions {
  readonly host: string;
  readonly clock: EmulatorClock;
  /** Account by namespace: names are unique in a region over all accounts. */
  readonly namespaces: Map<string, string>;
  /** Of the registry's token service. */
  readonly tokens: IssuedTokens;
  /** By account. */
  readonly refusals: Map<string, IbmRefusal>;
  /** A token of IAM, which tells its account. */
  issueIamToken(apiKey: string): string | undefined;
  /** `undefined` = none, or one that has ended. */
  iamIdentity(token: string): IbmIdentity | undefined;
  /** The API key that a pair comes down to. */
  identify(pair: BasicPair): string | undefined;
  identityOf(apiKey: string | undefined): IbmIdentity | undefined;
}

/** Seconds. Source: IBM, "Generating an IBM Cloud IAM token". The life of the registry's own tokens is not verified. */
export const iamTokenLife = 3600;

export function ibmState(options: IbmOptions, clock: EmulatorClock): IbmState {
  const { region, identities } = options;
  const iamTokens = new Map<string, { readonly apiKey: string; readonly expiresAt: number }>();
  const identityOf = (apiKey: string | undefined): IbmIdentity | undefined => identities.find((each) => each.apiKey === apiKey);
  const iamIdentity = (token: string): IbmIdentity | undefined => {
    const found = iamTokens.get(token);
    return found === undefined || found.expiresAt <= clock.now() ? undefined : identityOf(found.apiKey);
  };
  return {
    ...options,
    host: region === "" ? "icr.io" : `${region}.icr.io`,
    clock,
    namespaces: new Map(),
    refusals: new Map(),
    tokens: issuedTokens({ clock, life: 3600 }),
    identityOf,
    iamIdentity,
    issueIamToken: (apiKey) => {
      const identity = identityOf(apiKey);
      if (identity === undefined) return undefined;
      const claims = { iam_id: `iam-ServiceId-${iamTokens.size}`, account: { valid: true, bss: identity.account } };
      const token = ["e30", Buffer.from(JSON.stringify(claims)).toString("base64url"), "x"].join(".");
      iamTokens.set(token, { apiKey, expiresAt: clock.now() + iamTokenLife * 1000 });
      return token;
    },
    identify: ({ user, password }) => {
      if (user === "iamapikey") return identityOf(password)?.apiKey;
      return user === "iambearer" ? iamIdentity(password)?.apiKey : undefined;
    },
  };
}

export function namespaceOf(repository: string): string {
  return repository.split("/")[0] ?? "";
}
