import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export type Claims = Readonly<Record<string, unknown>>;

/** Signs tokens that their reader may look into; nobody else signs ones that it takes. */
export interface JwtIssuer {
  /** `life` in seconds; `iat`, `nbf` and `exp` follow the emulator's clock. */
  issue(claims: Claims, life: number): string;
  /** `undefined` = not of this issuer, or changed. */
  read(token: string): { readonly claims: Claims; readonly expired: boolean } | undefined;
}

/** HS256 with a key of its own; vendors sign with RS256, which no client looks at. Source: RFC 7519. */
export function jwtIssuer(clock: { now(): number }): JwtIssuer {
  const key = randomBytes(32);
  const sign = (text: string): Buffer => createHmac("sha256", key).update(text).digest();
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return {
    issue: (claims, life) => {
      const now = Math.floor(clock.now() / 1000);
      const jti = randomBytes(8).toString("hex");
      const text = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ jti, iat: now, nbf: now, exp: now + life, ...claims })}`;
      return `${text}.${sign(text).toString("base64url")}`;
    },
    read: (token) => {
      const [header = "", body = "", signature = ""] = token.split(".");
      const [given, wanted] = [Buffer.from(signature, "base64url"), sign(`${header}.${body}`)];
      if (given.byteLength !== wanted.byteLength || !timingSafeEqual(given, wanted)) return undefined;
      const claims: Claims = JSON.parse(Buffer.from(body, "base64url").toString("utf8"));
      return { claims, expired: Number(claims["exp"]) * 1000 <= clock.now() };
    },
  };
}
