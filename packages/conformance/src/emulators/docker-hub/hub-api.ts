import { jsonResponse, type RegistryHandler, type RegistryRequest, type RegistryResponse } from "@chartferry/registry";

import type { DataPlane } from "../world/data-plane.ts";
import { type IssuedTokens, issuedTokens } from "../world/issued-tokens.ts";
import { readJson } from "../world/read-json.ts";
import { hubHosts, type HubState } from "./docker-hub-state.ts";

/** Sources: Harbor's `dockerhub/client.go` and `adapter.go`; regclient, `internal/auth/auth.go`; renovate's docker data source. */
const largestPage = 100;
const sessionSeconds = 3600;

/** `hub.docker.com`: sign-in of its own, lists of repositories. */
export function hubApi(state: HubState, plane: DataPlane): RegistryHandler {
  const sessions = issuedTokens({ clock: state.clock, life: sessionSeconds });
  return async (request) => {
    if (request.method === "POST" && request.path === "/v2/users/login") return signIn(await readJson(request), state, sessions);
    const [, namespace] = /^\/v2\/repositories\/([^/]+)\/$/.exec(request.path) ?? [];
    if (request.method !== "GET" || namespace === undefined) return jsonResponse(404, { message: "not found" });
    const holder = holderOf(request, sessions);
    if (holder === "unknown") return jsonResponse(401, { detail: "Invalid token" });
    return page(request, { namespace, names: await visible(plane, state, { namespace, account: holder?.account }) });
  };
}

function signIn(
  { username, password }: Readonly<Record<string, unknown>>,
  { accounts }: HubState,
  sessions: IssuedTokens,
): RegistryResponse {
  if (typeof username !== "string" || accounts.get(username)?.accessToken !== password)
    return jsonResponse(401, { detail: "Incorrect authentication credentials" });
  return jsonResponse(200, { token: sessions.issue(username, []) });
}

/** `undefined` = nobody. */
function holderOf({ headers }: RegistryRequest, sessions: IssuedTokens): { readonly account: string | undefined } | "unknown" | undefined {
  if (headers["authorization"] === undefined) return undefined;
  const [, token = ""] = /^JWT (\S+)$/.exec(headers["authorization"]) ?? [];
  const session = sessions.find(token);
  return session === undefined || session.expired ? "unknown" : { account: session.holder };
}

async function visible(
  { tree }: DataPlane,
  { accounts, hidden, empty }: HubState,
  { namespace, account = "" }: { readonly namespace: string; readonly account: string | undefined },
): Promise<string[]> {
  const isOwn = accounts.get(account)?.namespaces.includes(namespace) ?? false;
  const all = new Set(empty);
  for await (const name of tree.repositories()) all.add(name);
  return [...all]
    .filter((name) => name.startsWith(`${namespace}/`) && (isOwn || !hidden.has(name)))
    .map((name) => name.slice(namespace.length + 1));
}

function page({ query, path }: RegistryRequest, { namespace, names }: { namespace: string; names: readonly string[] }): RegistryResponse {
  const size = Math.min(largestPage, Number(query.get("page_size") ?? 10));
  const number = Number(query.get("page") ?? 1);
  const end = number * size;
  return jsonResponse(200, {
    count: names.length,
    next: end < names.length ? `https://${hubHosts.api}${path}?page=${number + 1}&page_size=${size}` : null,
    previous: null,
    results: names.slice(end - size, end).map((name) => ({ name, namespace, repository_type: "image" })),
  });
}
