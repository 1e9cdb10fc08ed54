import type { BasicPair } from "../world/basic-pair.ts";
import type { EmulatorClock } from "../world/emulator-clock.ts";
import { type IssuedTokens, issuedTokens } from "../world/issued-tokens.ts";

export type JfrogRight = "pull" | "push" | "delete";

export interface JfrogUser {
  /** Password, identity token or access token: all go in the same place. */
  readonly secret: string;
  readonly administrator: boolean;
  /** By repository key; an administrator needs none. */
  readonly rights: Readonly<Record<string, readonly JfrogRight[]>>;
  /** Refused at `/v2/`. Source: rancher/fleet#1648. */
  readonly confined?: boolean;
}

export interface JfrogRepository {
  readonly type: "oci" | "helmoci" | "docker";
  /** A virtual one stands before others, some of which may not be looked into. */
  readonly rclass: "local" | "virtual";
  /** "Block pushing of image with existing tag". */
  readonly blocksTags?: boolean;
}

export interface JfrogOptions {
  readonly host: string;
  /** By user name. */
  readonly users: ReadonlyMap<string, JfrogUser>;
  /** Takes the bytes of a blob by PATCH alone. Default: no. Source: RTFACT-19344. */
  readonly patchOnly?: boolean;
  /** Gives a token to nobody too, and refuses it then. Default: no. Source: earthly/earthly#1017. */
  readonly tokensForNobody?: boolean;
}

export interface JfrogState extends JfrogOptions {
  readonly clock: EmulatorClock;
  /** By key. */
  readonly repositories: Map<string, JfrogRepository>;
  /** Each key has tokens of its own. */
  tokensOf(key: string): IssuedTokens;
  revokeTokens(): void;
  identify(pair: BasicPair): string | undefined;
  rightsOf(user: string | undefined, key: string): readonly JfrogRight[];
}

/** Seconds. Not verified: replies state it. */
const tokenLife = 3600;

export function jfrogState(options: JfrogOptions, clock: EmulatorClock): JfrogState {
  const { users } = options;
  const tokens = new Map<string, IssuedTokens>();
  return {
    ...options,
    clock,
    repositories: new Map(),
    tokensOf: (key) => {
      const known = tokens.get(key) ?? issuedTokens({ clock, life: tokenLife });
      tokens.set(key, known);
      return known;
    },
    revokeTokens: () => {
      for (const each of tokens.values()) each.revoke();
    },
    identify: ({ user, password }) => (users.get(user)?.secret === password ? user : undefined),
    rightsOf: (name, key) => {
      const user = users.get(name ?? "");
      return user?.administrator === true ? ["pull", "push", "delete"] : (user?.rights[key] ?? []);
    },
  };
}

/** Repository key and image of a path: `oci-local/charts/web`. */
export function splitKey(repository: string): { readonly key: string; readonly image: string } {
  const [key = "", ...image] = repository.split("/");
  return { key, image: image.join("/") };
}
