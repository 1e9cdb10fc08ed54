import type { Descriptor } from "../content.ts";
import type { Digest } from "../digest.ts";
import type { HttpAnswer } from "../http/http-client.ts";
import { readPages } from "../http/paginate.ts";
import { parseManifest } from "../manifest/parse-manifest.ts";
import { mediaTypes } from "../media-types.ts";
import type { CallOptions } from "./chart-store.ts";
import { fetchManifest } from "./manifest-calls.ts";
import { referrersTag } from "./referrers-tag.ts";
import { failure, type RepositoryEnd } from "./repository-end.ts";

const pageLimit = 1000;

/**
 * What refers to a digest: by the referrers API, else by the fallback tag `sha256-<hex>`.
 * Only a 200 with an index counts as support: 404, 400, 405 and redirects elsewhere all mean "use the tag". Source: distribution-spec "Listing Referrers".
 */
export async function* listReferrers(
  end: RepositoryEnd,
  digest: Digest,
  options: CallOptions = {},
): AsyncGenerator<Descriptor, void, undefined> {
  let hasApi = true;
  const fetch = async (url: URL, page: number): Promise<HttpAnswer | undefined> => {
    const request = { method: "GET", url, operation: "list referrers", access: "pull", redirects: "refuse" } as const;
    const answer = await end.send({ ...request, wholeBytes: end.manifestBytes, ...options });
    if (answer.status === 200 && isIndex(answer)) return answer;
    if (page > 0 || !meansNoApi(answer)) throw await failure(end, answer, { operation: "list referrers", version: digest });
    await answer.dump();
    hasApi = false;
    return undefined;
  };
  const place = { operation: "list referrers", registry: end.registry, repository: end.repository };
  const pages = readPages(end.url(`referrers/${digest}`), { place, pages: pageLimit, bytes: end.manifestBytes, fetch, parse: manifestsIn });
  for await (const manifests of pages) yield* manifests;
  if (!hasApi) yield* byFallbackTag(end, digest, options);
}

function isIndex(answer: HttpAnswer): boolean {
  return answer.headers["content-type"]?.startsWith(mediaTypes.ociIndex) ?? false;
}

function meansNoApi(answer: HttpAnswer): boolean {
  return answer.status === 200 || [301, 302, 303, 307, 308, 400, 404, 405].includes(answer.status);
}

async function* byFallbackTag(end: RepositoryEnd, digest: Digest, options: CallOptions): AsyncGenerator<Descriptor, void, undefined> {
  const index = await fetchManifest(end, referrersTag(digest), options);
  if (index === undefined || index.mediaType !== mediaTypes.ociIndex) return;
  yield* manifestsIn(index.bytes);
}

function manifestsIn(index: Uint8Array): readonly Descriptor[] {
  const parsed = parseManifest(index);
  return parsed.kind === "index" ? parsed.manifests : [];
}
