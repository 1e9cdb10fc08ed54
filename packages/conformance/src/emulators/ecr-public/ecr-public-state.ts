import type { AwsCall } from "../ecr/aws-json.ts";
import type { EcrIdentity } from "../ecr/ecr-state.ts";
import type { EmulatorClock } from "../world/emulator-clock.ts";
import { type IssuedTokens, issuedTokens } from "../world/issued-tokens.ts";

export interface EcrPublicOptions {
  /** Twelve digits. */
  readonly account: string;
  /** Of the account's registry, the default one first. */
  readonly aliases: readonly string[];
  /** By access key id. */
  readonly identities: ReadonlyMap<string, EcrIdentity>;
}

export interface EcrPublicState extends EcrPublicOptions {
  readonly host: string;
  readonly clock: EmulatorClock;
  /** By name, without alias: what CreateRepository was asked for. */
  readonly repositories: Map<string, Readonly<Record<string, unknown>>>;
  /** What GetAuthorizationToken gives, and what it buys at the token service; both held by access key ids. */
  readonly passwords: IssuedTokens;
  readonly bearer: IssuedTokens;
  readonly calls: AwsCall[];
}

/** Seconds. Sources: ECR Public user guide, registry authentication (12 hours); oras-project/oras-go#1227 (an hour). */
const life = { password: 12 * 3600, bearer: 3600 };

export function ecrPublicState(options: EcrPublicOptions, clock: EmulatorClock): EcrPublicState {
  return {
    ...options,
    host: "public.ecr.aws",
    clock,
    repositories: new Map(),
    passwords: issuedTokens({ clock, life: life.password }),
    bearer: issuedTokens({ clock, life: life.bearer }),
    calls: [],
  };
}

/** The name that the control plane knows; `undefined` = under an alias of somebody else. */
export function ownName(repository: string, { aliases }: EcrPublicState): string | undefined {
  const slash = repository.indexOf("/");
  return slash > 0 && aliases.includes(repository.slice(0, slash)) ? repository.slice(slash + 1) : undefined;
}
