import type { Clock } from "../clock.ts";
import type { Token } from "./token-service.ts";

export interface CachedToken extends Token {
  /** Asked for just now, not taken from an earlier request. */
  readonly fresh: boolean;
}

/** Tokens by key, each fetched once however many ask at the same time, and renewed before it expires. */
export interface TokenCache {
  get(key: string, fetch: () => Promise<Token>): Promise<CachedToken>;
  /** Forgets a token that was refused; a newer one under the same key stays. */
  forget(key: string, token: string): void;
}

/** One per repository and access; the oldest goes beyond this. */
const tokenLimit = 4096;

export function createTokenCache(clock: Clock): TokenCache {
  const tokens = new Map<string, Token>();
  const flights = new Map<string, Promise<Token>>();

  function start(key: string, fetch: () => Promise<Token>): Promise<Token> {
    const flight = fetch().then(
      (token) => {
        flights.delete(key);
        tokens.delete(key);
        tokens.set(key, token);
        const [oldest] = tokens.keys();
        if (tokens.size > tokenLimit && oldest !== undefined) tokens.delete(oldest);
        return token;
      },
      (error: unknown) => {
        flights.delete(key);
        throw error;
      },
    );
    flights.set(key, flight);
    return flight;
  }

  return {
    get: async (key, fetch) => {
      const known = tokens.get(key);
      if (known !== undefined && clock.now() < known.renewAt) return { ...known, fresh: false };
      const token = await (flights.get(key) ?? start(key, fetch));
      return { ...token, fresh: true };
    },
    forget: (key, token) => {
      if (tokens.get(key)?.token === token) tokens.delete(key);
    },
  };
}
