import type { Access, RegistryRequest } from "@chartferry/registry";

/** One scope of a token request, as tokens list it under `access`. Source: distribution's token documentation. */
export interface ScopeAccess {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** `scope` may repeat, and a POST may join several with spaces. */
export function scopesIn(values: readonly string[]): ScopeAccess[] {
  return values
    .flatMap((value) => value.split(" "))
    .flatMap((scope) => {
      const match = /^([a-z]+)(?:\([^)]*\))?:(.+):([^:/]+)$/.exec(scope);
      return match === null ? [] : [{ type: match[1] ?? "", name: match[2] ?? "", actions: (match[3] ?? "").split(",") }];
    });
}

/** Whether what a token lists covers what a request does; `repository` is `*` for the catalogue. */
export function covers(granted: readonly ScopeAccess[], wanted: readonly Access[]): boolean {
  return wanted.every(({ repository, actions }) => {
    const own = granted.filter(({ type, name }) =>
      repository === "*" ? type === "registry" && name === "catalog" : type === "repository" && name === repository,
    );
    const has = new Set(own.flatMap((each) => each.actions));
    return actions.every((action) => has.has(action) || has.has("*"));
  });
}

/** The scope to ask for, as a challenge names it. */
export function scopeText(wanted: readonly Access[]): string | undefined {
  const [first] = wanted;
  if (first === undefined) return undefined;
  return first.repository === "*" ? "registry:catalog:*" : `repository:${first.repository}:${first.actions.join(",")}`;
}

/** User and password of a Basic header. */
export function basicPair(header: string | undefined): { readonly username: string; readonly password: string } | undefined {
  const [, encoded] = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? "") ?? [];
  if (encoded === undefined) return undefined;
  const pair = Buffer.from(encoded, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  return colon < 0 ? undefined : { username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

export async function readForm({ body }: RegistryRequest): Promise<URLSearchParams> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return new URLSearchParams(Buffer.concat(parts).toString("utf8"));
}
