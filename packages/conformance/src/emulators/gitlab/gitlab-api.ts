import { jsonResponse, type RegistryHandler, type RegistryRequest, type RegistryResponse } from "@chartferry/registry";

import { type GitlabAccount, type GitlabState, projectOf } from "./gitlab-state.ts";

/** Source: gitlabhq, `doc/api/container_registry.md`; paging: `doc/api/rest/_index.md`. */
const usualPage = 20;
const largestPage = 100;

/** `/api/v4`, as far as registry repositories go. */
export function gitlabApi(state: GitlabState): RegistryHandler {
  return (request) => Promise.resolve(answer(request, state));
}

function answer(request: RegistryRequest, state: GitlabState): RegistryResponse {
  const account = accountOf(request, state);
  if (account === undefined) return jsonResponse(401, { message: "401 Unauthorized" });
  const [, kind, id = ""] =
    /^GET \/api\/v4\/(projects|groups)\/([^/]+)\/registry\/repositories$/.exec(`${request.method} ${request.path}`) ?? [];
  const path = decodeURIComponent(id);
  const mine = account.projects.filter((each) => (kind === "projects" ? each === path : each.startsWith(`${path}/`)));
  if (kind === undefined || mine.length === 0) return jsonResponse(404, { message: "404 Not Found" });
  const found = [...state.repositories].filter((name) => mine.includes(projectOf(state, name) ?? ""));
  return page(request, { found, host: state.gitlabHost });
}

/** Deploy tokens have no say here. */
function accountOf({ headers }: RegistryRequest, { accounts }: GitlabState): GitlabAccount | undefined {
  return [...accounts.values()].find(
    ({ kind, password }) =>
      (kind === "access-token" && headers["private-token"] === password) || (kind === "job" && headers["job-token"] === password),
  );
}

function page(
  { path, query }: RegistryRequest,
  { found, host }: { readonly found: readonly string[]; readonly host: string },
): RegistryResponse {
  const size = Math.min(largestPage, Number(query.get("per_page") ?? usualPage));
  const number = Number(query.get("page") ?? 1);
  const link = number * size < found.length ? { link: `<https://${host}${path}?page=${number + 1}&per_page=${size}>; rel="next"` } : {};
  const listed = found.slice((number - 1) * size, number * size).map((name, id) => ({ id, name: "", path: name }));
  return jsonResponse(200, listed, link);
}
