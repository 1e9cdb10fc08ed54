import type { Descriptor } from "../content.ts";
import { type Digest, splitDigest } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import type { HttpAnswer } from "../http/http-client.ts";
import { nextLink } from "../http/paginate.ts";
import { parseManifest } from "../manifest/parse-manifest.ts";
import { mediaTypes } from "../media-types.ts";
import type { CallOptions } from "./chart-store.ts";
import { fetchManifest } from "./manifest-calls.ts";
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
  let url: URL | undefined = end.url(`referrers/${digest}`);
  const visited = new Set<string>();
  while (url !== undefined) {
    if (visited.has(url.href) || visited.size >= pageLimit) throw endless(end);
    visited.add(url.href);
    const answer: HttpAnswer = await end.send({
      method: "GET",
      url,
      operation: "list referrers",
      access: "pull",
      redirects: "refuse",
      ...options,
    });
    if (answer.status === 200 && isIndex(answer)) {
      yield* manifestsIn(await answer.bytes(end.manifestBytes));
      url = nextLink(answer, url);
    } else if (visited.size === 1 && meansNoApi(answer)) {
      await answer.dump();
      yield* byFallbackTag(end, digest, options);
      return;
    } else throw await failure(end, answer, { operation: "list referrers", version: digest });
  }
}

function isIndex(answer: HttpAnswer): boolean {
  return answer.headers["content-type"]?.startsWith(mediaTypes.ociIndex) ?? false;
}

function meansNoApi(answer: HttpAnswer): boolean {
  return answer.status === 200 || [301, 302, 303, 307, 308, 400, 404, 405].includes(answer.status);
}

async function* byFallbackTag(end: RepositoryEnd, digest: Digest, options: CallOptions): AsyncGenerator<Descriptor, void, undefined> {
  const { algorithm, hex } = splitDigest(digest);
  const index = await fetchManifest(end, `${algorithm}-${hex}`, options);
  if (index === undefined || index.mediaType !== mediaTypes.ociIndex) return;
  yield* manifestsIn(index.bytes);
}

function manifestsIn(index: Uint8Array): readonly Descriptor[] {
  const parsed = parseManifest(index);
  return parsed.kind === "index" ? parsed.manifests : [];
}

function endless(end: RepositoryEnd): ChartferryError {
  return new ChartferryError("the list of referrers never ends: its pages repeat", {
    code: "protocol-violation",
    operation: "list referrers",
    registry: end.registry,
    repository: end.repository,
  });
}
