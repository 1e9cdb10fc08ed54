import { isDigest, mediaTypes, type Descriptor } from "@chartferry/core";
import { referrersOf, refresh } from "@chartferry/core/layout";

import { invalidDigest } from "./blob-endpoints.ts";
import type { Exchange, RepositoryExchange } from "./endpoint.ts";
import { errorResponse } from "./registry-errors.ts";
import { json, type RegistryResponse } from "./registry-request.ts";

/** `n` as a number from 0 on; absent or unreadable = as many as fit. */
function pageSize({ request, limits }: Exchange): number {
  const text = request.query.get("n") ?? "";
  return /^\d{1,15}$/.test(text) ? Math.min(Number(text), limits.maxPage) : limits.maxPage;
}

function nextLink(exchange: Exchange, path: string, parameters: Readonly<Record<string, string>>): Record<string, string> {
  return { link: `<${path}?${new URLSearchParams(parameters).toString()}>; rel="next"` };
}

export async function tagsEndpoint(exchange: RepositoryExchange): Promise<RegistryResponse> {
  const { repository, request } = exchange;
  await refresh(repository);
  if (!repository.exists) return errorResponse({ status: 404, code: "NAME_UNKNOWN", message: "there is no such repository" });
  const limit = pageSize(exchange);
  const page = repository.state.tagNames.page(request.query.get("last") ?? undefined, limit);
  const last = page.names.at(-1);
  const link = page.more && last !== undefined ? nextLink(exchange, `/v2/${repository.name}/tags/list`, { n: String(limit), last }) : {};
  return json(200, { name: repository.name, tags: page.names }, link);
}

/** Names of all repositories that exist, in pages. */
export async function catalogEndpoint(exchange: Exchange): Promise<RegistryResponse> {
  const limit = pageSize(exchange);
  const after = exchange.request.query.get("last") ?? "";
  const names: string[] = [];
  let more = false;
  for await (const name of exchange.tree.repositories()) {
    if (name <= after) continue;
    more = names.length === limit;
    if (more) break;
    names.push(name);
  }
  const last = names.at(-1);
  return json(
    200,
    { repositories: names },
    more && last !== undefined ? nextLink(exchange, "/v2/_catalog", { n: String(limit), last }) : {},
  );
}

/** Bytes of descriptors in one page of referrers, so that an answer stays below the size that clients accept for a manifest. */
const maxReferrerBytes = 3 * 1024 * 1024;

/** Never 404: a repository or subject that is not there has no referrers. */
export async function referrersEndpoint(exchange: RepositoryExchange, digest: string): Promise<RegistryResponse> {
  if (!isDigest(digest)) return invalidDigest();
  const { query } = exchange.request;
  const artifactType = query.get("artifactType");
  await refresh(exchange.repository);
  const { manifests, more } = await referrerPage(exchange, { digest, artifactType, after: query.get("last") ?? "" });
  const filter = artifactType === null ? {} : { artifactType };
  const last = more ? manifests.at(-1)?.digest : undefined;
  const path = `/v2/${exchange.repository.name}/referrers/${digest}`;
  return json(
    200,
    { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests },
    {
      "content-type": mediaTypes.ociIndex,
      ...(artifactType === null ? {} : { "oci-filters-applied": "artifactType" }),
      ...(last === undefined ? {} : nextLink(exchange, path, { ...filter, last })),
    },
  );
}

async function referrerPage(
  { repository, limits }: RepositoryExchange,
  asked: { digest: string; artifactType: string | null; after: string },
): Promise<{ manifests: Descriptor[]; more: boolean }> {
  const manifests: Descriptor[] = [];
  let bytes = 0;
  for await (const descriptor of referrersOf(repository, asked.digest)) {
    if (descriptor.digest <= asked.after) continue;
    if (asked.artifactType !== null && descriptor.artifactType !== asked.artifactType) continue;
    bytes += JSON.stringify(descriptor).length;
    if (manifests.length === limits.maxPage || (bytes > maxReferrerBytes && manifests.length > 0)) return { manifests, more: true };
    manifests.push(descriptor);
  }
  return { manifests, more: false };
}
