import { jsonResponse, type RegistryHandler, type RegistryRequest, type RegistryResponse } from "@chartferry/registry";

import { ghcrHosts, type GhcrState, type GithubToken, usable } from "./ghcr-state.ts";

/** Source: GitHub's REST API, "List packages for an organization" and "… for a user". */
const usualPage = 30;
const largestPage = 100;

/** `api.github.com`, as far as packages go. */
export function githubApi(state: GhcrState): RegistryHandler {
  return (request) => Promise.resolve(answer(request, state));
}

function answer(request: RegistryRequest, state: GhcrState): RegistryResponse {
  const [, text] = /^(?:Bearer|token) (\S+)$/i.exec(request.headers["authorization"] ?? "") ?? [];
  if (text === undefined) return jsonResponse(401, { message: "Requires authentication" });
  const token = usable(state, text);
  if (token === undefined) return jsonResponse(401, { message: "Bad credentials" });
  const [, kind, owner = ""] = /^GET \/(orgs|users)\/([^/]+)\/packages$/.exec(`${request.method} ${request.path}`) ?? [];
  if (kind !== (state.organisations.includes(owner) ? "orgs" : "users")) return jsonResponse(404, { message: "Not Found" });
  if (request.query.get("package_type") !== "container") return jsonResponse(400, { message: "package_type must be given" });
  return page(request, visible(state, owner, token));
}

function visible({ packages }: GhcrState, owner: string, { owners }: GithubToken): string[] {
  return [...packages].flatMap(([name, { isPublic }]) =>
    name.startsWith(`${owner}/`) && (isPublic || owners.includes(owner)) ? [name.slice(owner.length + 1)] : [],
  );
}

function page({ path, query }: RegistryRequest, names: readonly string[]): RegistryResponse {
  const size = Math.min(largestPage, Number(query.get("per_page") ?? usualPage));
  const number = Number(query.get("page") ?? 1);
  const next = new URLSearchParams({ package_type: "container", per_page: String(size), page: String(number + 1) });
  const link = number * size < names.length ? { link: `<https://${ghcrHosts.api}${path}?${next.toString()}>; rel="next"` } : {};
  const found = names.slice((number - 1) * size, number * size).map((name, id) => ({ id, name, package_type: "container" }));
  return jsonResponse(200, found, link);
}
