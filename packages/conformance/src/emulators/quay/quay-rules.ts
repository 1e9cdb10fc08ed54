import { jsonResponse, type RegistryRequest, type RegistryResponse, type RoutedRequest } from "@chartferry/registry";

import { failure } from "../world/answers.ts";
import type { DataPlane } from "../world/data-plane.ts";
import { digestUnder, standingTags } from "../world/standing-tags.ts";
import { tagPage } from "../world/tag-page.ts";
import { organisationOf, type QuayState } from "./quay-state.ts";

interface Asked {
  readonly routed: RoutedRequest;
  readonly state: QuayState;
  readonly plane: DataPlane;
  /** `undefined` = nobody. */
  readonly account: string | undefined;
}

type Answer = RegistryResponse | undefined;

/** Entries of a page, whatever `n` asks for. Source: quay/quay, `endpoints/v2/__init__.py`. */
const largestPage = 100;

/** What Quay answers in its own way to somebody whose token is good enough. */
export async function different(asked: Asked): Promise<Answer> {
  const { route, request } = asked.routed;
  if (route?.kind === "catalog") return catalog(request, asked);
  if (route === undefined || route.kind === "ping") return undefined;
  // Source: quay/quay, `endpoints/v2/blob.py`.
  if (route.kind === "blob" && request.method === "DELETE") return failure(405, "UNSUPPORTED", "The operation is unsupported.");
  if (route.kind === "tags") {
    const tags = await standingTags(asked.plane, route.repository);
    return tagPage(request, { repository: route.repository, tags, most: largestPage, origin: `https://${asked.state.host}` });
  }
  return ["POST", "PUT", "PATCH", "DELETE"].includes(request.method) ? unwritable(route.repository, asked) : undefined;
}

/** Source of all three: quay/quay, `endpoints/v2/errors.py`. Whether equal bytes are refused too is not verified: the stricter is taken. */
async function unwritable(repository: string, { routed: { route, request }, state, plane }: Asked): Promise<Answer> {
  const organisation = organisationOf(repository);
  if (state.readOnly.has(organisation))
    return failure(405, "DENIED", "System is currently read-only. Pulls will succeed but all write operations are currently suspended.");
  if (state.full.has(organisation) && request.method !== "DELETE") return failure(403, "DENIED", "Quota has been exceeded on namespace");
  if (route?.kind !== "manifest" || request.method !== "PUT" || !state.immutable.has(repository)) return undefined;
  const standing = await digestUnder(plane, repository, route.reference);
  return standing === undefined || route.reference.startsWith("sha256:")
    ? undefined
    : failure(409, "TAG_IMMUTABLE", "tag is immutable and cannot be overwritten");
}

/** Pages follow an opaque `next_page`. Source: quay/quay, `endpoints/v2/catalog.py`. */
function catalog({ query }: RegistryRequest, { state, account = "" }: Asked): RegistryResponse {
  const own = state.accounts.get(account)?.creatorIn ?? [];
  const all = [...state.repositories].filter((name) => own.includes(organisationOf(name))).toSorted();
  const start = Number(Buffer.from(query.get("next_page") ?? "", "base64url").toString() || "0");
  const size = Math.min(largestPage, Number(query.get("n") ?? largestPage));
  const next = new URLSearchParams({ n: String(size), next_page: Buffer.from(String(start + size)).toString("base64url") });
  const link = start + size < all.length ? { link: `<https://${state.host}/v2/_catalog?${next.toString()}>; rel="next"` } : {};
  return jsonResponse(200, { repositories: all.slice(start, start + size) }, link);
}
