export interface BasicPair {
  readonly user: string;
  readonly password: string;
}

/** User and password of an Authorization header; `undefined` = it holds none. */
export function basicPair(header: string | undefined): BasicPair | undefined {
  const [, encoded] = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(header ?? "") ?? [];
  const text = Buffer.from(encoded ?? "", "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
