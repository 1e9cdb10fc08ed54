import { jsonResponse, type RegistryRequest, type RegistryResponse } from "@chartferry/registry";

export interface TagPageOptions {
  readonly repository: string;
  /** All of them, in the registry's own order. */
  readonly tags: readonly string[];
  /** The most that one page has, whatever `n` asks for. */
  readonly most: number;
  /** What stands before the path of a Link; default nothing. */
  readonly origin?: string;
}

/** One page of `tags/list` as registries give it that keep an order of their own. */
export function tagPage({ path, query }: RegistryRequest, { repository, tags, most, origin = "" }: TagPageOptions): RegistryResponse {
  const size = Math.min(most, Number(query.get("n") ?? most));
  const last = query.get("last");
  const start = last === null ? 0 : tags.indexOf(last) + 1;
  const page = tags.slice(start, start + size);
  const next = new URLSearchParams({ n: String(size), last: page.at(-1) ?? "" });
  const link = start + size < tags.length ? { link: `<${origin}${path}?${next.toString()}>; rel="next"` } : {};
  return jsonResponse(200, { name: repository, tags: page }, link);
}
