import type { Credential } from "./credential.ts";

/** What a token says of itself; empty where it is none that can be read. Nothing is verified: its issuer does that. Source: RFC 7519 section 4.1. */
function claimsOf(token: string): ReadonlyMap<string, unknown> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    return new Map(Object.entries(claims ?? {}));
  } catch {
    return new Map();
  }
}

/** From when to when, by its issuer's clock, which need not be ours. Seconds; NaN where it does not tell. */
export function lifeInToken(token: string): number {
  const claims = claimsOf(token);
  return Number(claims.get("exp")) - Number(claims.get("iat") ?? claims.get("nbf"));
}

/** Whether a stored secret says itself that its time is over; a secret that says nothing has no end. `now` in milliseconds since 1970. */
export function hasEnded(credential: Credential, now: number): boolean {
  const secret = secretOf(credential);
  return secret !== undefined && Number(claimsOf(secret).get("exp")) * 1000 <= now;
}

function secretOf(credential: Credential): string | undefined {
  if (credential.kind === "basic") return credential.password;
  if (credential.kind === "refresh") return credential.refreshToken;
  return credential.kind === "bearer" ? credential.token : undefined;
}
