import { emptyResponse, type RegistryResponse, type Route, type RoutedRequest } from "@chartferry/registry";

import { failure } from "../world/answers.ts";
import { tagPage } from "../world/tag-page.ts";
import { ghcrHosts, type GhcrState, type GithubToken } from "./ghcr-state.ts";

interface Asked {
  readonly routed: RoutedRequest;
  readonly state: GhcrState;
  /** `undefined` = nobody. */
  readonly token: GithubToken | undefined;
}

interface InPackage extends Asked {
  readonly route: Exclude<Route, { kind: "ping" | "catalog" }>;
}

/** Bytes. Source: ocx-sh/ocx#237. */
const largestChunk = 4 * 1024 * 1024;
/** Tags of a page; not verified. */
const largestPage = 1000;

const rules: readonly ((asked: InPackage) => RegistryResponse | undefined)[] = [rights, deletion, largeChunk, referrers, oldestFirst];

/** What GHCR answers in its own way to somebody whom it knows. */
export function different(asked: Asked): RegistryResponse | undefined {
  const { route } = asked.routed;
  // Source: Harbor, `githubcr/adapter.go`.
  if (route?.kind === "catalog") return failure(404, "UNSUPPORTED", "The operation is unsupported.");
  if (route === undefined || route.kind === "ping") return undefined;
  for (const rule of rules) {
    const answer = rule({ ...asked, route });
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** Sources: Luzilla/dnsbl_exporter#313, goodrain/rainbond#2638; the words for reading are not verified. */
function rights({ route: { repository }, routed: { access }, state, token }: InPackage): RegistryResponse | undefined {
  const owns = ownsIt(token, repository);
  const { isPublic, linked } = state.packages.get(repository) ?? { isPublic: false, linked: true };
  const writes = access.some((each) => each.repository === repository && each.actions.includes("push"));
  if (!writes) return owns || isPublic ? undefined : failure(403, "DENIED", "permission_denied: read_package");
  return owns && (linked || token?.kind !== "actions") ? undefined : failure(403, "DENIED", "permission_denied: write_package");
}

function ownsIt(token: GithubToken | undefined, repository: string): boolean {
  return token?.owners.includes(repository.split("/")[0] ?? "") ?? false;
}

/** Source: Harbor, `githubcr/adapter.go`. */
function deletion({ route: { kind }, routed: { request } }: InPackage): RegistryResponse | undefined {
  if (request.method !== "DELETE" || kind === "upload") return undefined;
  return failure(405, "UNSUPPORTED", "The operation is unsupported.");
}

function largeChunk({ route, routed: { request } }: InPackage): RegistryResponse | undefined {
  if (route.kind !== "upload" || request.method !== "PATCH" || Number(request.headers["content-length"] ?? 0) <= largestChunk)
    return undefined;
  const text = "the request body is too large and exceeds the maximum permissible limit of 4.00MiB";
  return failure(416, "REQUESTED_RANGE_NOT_SATISFIABLE", text);
}

function referrers({ route, state }: InPackage): RegistryResponse | undefined {
  if (route.kind !== "referrers") return undefined;
  if (state.referrers === "missing") return failure(404, "MANIFEST_UNKNOWN", "manifest unknown");
  return emptyResponse(303, {
    location: `https://${ghcrHosts.website}/-/v2/packages/container/${route.repository}/referrers/${route.digest}`,
  });
}

/** Source: renovatebot/renovate#36103. */
function oldestFirst({ route, routed: { request }, state }: InPackage): RegistryResponse | undefined {
  const tags = route.kind === "tags" ? state.pushed.get(route.repository) : undefined;
  return tags === undefined ? undefined : tagPage(request, { repository: route.repository, tags, most: largestPage });
}
