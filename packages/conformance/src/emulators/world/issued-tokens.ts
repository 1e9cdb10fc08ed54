import { createHmac, randomBytes } from "node:crypto";

import type { EmulatorClock } from "./emulator-clock.ts";
import type { Scope } from "./scopes.ts";

export interface IssuedToken {
  /** The account that it was given to; `undefined` = nobody. */
  readonly holder: string | undefined;
  readonly access: readonly Scope[];
  readonly expired: boolean;
}

/** The tokens of one service, valid by the emulator's clock. */
export interface IssuedTokens {
  /** Seconds. */
  readonly life: number;
  issue(holder: string | undefined, access: readonly Scope[]): string;
  /** `undefined` = never issued here. */
  find(token: string): IssuedToken | undefined;
  /** All that were issued so far end now. */
  revoke(): void;
}

export interface TokenKind {
  readonly clock: EmulatorClock;
  /** Seconds. */
  readonly life: number;
  /** Who signs: tokens are then JWTs that say who may do what until when; else they say nothing. Source: distribution, `docs/content/spec/auth/jwt.md`. */
  readonly jwt?: { readonly issuer: string; readonly audience: string };
}

export function issuedTokens({ clock, life, jwt }: TokenKind): IssuedTokens {
  const issued = new Map<string, { holder: string | undefined; access: readonly Scope[]; expiresAt: number }>();
  const key = randomBytes(32);
  return {
    life,
    issue: (holder, access) => {
      const now = clock.now();
      const id = randomBytes(24).toString("base64url");
      const [iat, sub] = [Math.floor(now / 1000), holder ?? ""];
      const claims = jwt && { iss: jwt.issuer, aud: jwt.audience, sub, iat, nbf: iat, exp: iat + life, jti: id, access };
      const token = claims === undefined ? id : signed(claims, key);
      issued.set(token, { holder, access, expiresAt: now + life * 1000 });
      return token;
    },
    find: (token) => {
      const found = issued.get(token);
      return found && { holder: found.holder, access: found.access, expired: found.expiresAt <= clock.now() };
    },
    revoke: () => {
      for (const each of issued.values()) each.expiresAt = 0;
    },
  };
}

/** Clients cannot check it and need not: what counts is that it was issued here. */
function signed(claims: object, key: Buffer): string {
  const text = [{ typ: "JWT", alg: "HS256" }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
}
