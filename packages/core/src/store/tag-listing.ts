import type { HttpAnswer } from "../http/http-client.ts";
import { pageBytes, readPages } from "../http/paginate.ts";
import type { CallOptions } from "./chart-store.ts";
import { ChartferryError, type ErrorDetails } from "../errors.ts";
import { isTag } from "../reference/chart-tag.ts";
import { failure, type RepositoryEnd } from "./repository-end.ts";

/** A cursor that was deleted between two pages answers 404 (zot): begin again, at most this often. */
const restarts = 3;

/** All tags of a repository once each, page by page; an unknown repository has none. */
export async function* listTags(end: RepositoryEnd, options: CallOptions = {}): AsyncGenerator<string, void, undefined> {
  const seen = new Set<string>();
  for (let start = 0; start <= restarts; start++) {
    let complete = true;
    for await (const tags of pages(end, options)) {
      if (tags === "cursor lost") complete = false;
      else yield* unseen(tags, seen);
    }
    if (complete) return;
  }
  throw problem(end, "the tag list loses its place again and again: tags are being deleted while it is read", { code: "unavailable" });
}

function* unseen(tags: readonly string[], seen: Set<string>): Generator<string, void, undefined> {
  for (const tag of tags) {
    if (seen.has(tag)) continue;
    seen.add(tag);
    yield tag;
  }
}

async function* pages(end: RepositoryEnd, options: CallOptions): AsyncGenerator<readonly string[] | "cursor lost", void, undefined> {
  const first = end.url("tags/list");
  if (end.tagPageSize !== undefined) first.searchParams.set("n", String(end.tagPageSize));
  let lost = false;
  const fetch = async (url: URL, page: number): Promise<HttpAnswer | undefined> => {
    const answer = await end.send({ method: "GET", url, operation: "list tags", access: "pull", wholeBytes: pageBytes, ...options });
    if (answer.status === 200) return answer;
    if (answer.status !== 404) throw await failure(end, answer, { operation: "list tags" });
    await answer.dump();
    lost = page > 0;
    return undefined;
  };
  const place = { operation: "list tags", registry: end.registry, repository: end.repository };
  yield* readPages(first, { place, fetch, parse: (bytes) => tagsOf(end, bytes), next: end.tagPages });
  if (lost) yield "cursor lost";
}

/** Null lists, null and empty entries and `sha256:…` among the tags have all been seen; and what is no tag is as long as a server likes. */
function tagsOf(end: RepositoryEnd, bytes: Uint8Array): string[] {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw problem(end, "the tag list is not JSON", { code: "protocol-violation", cause });
  }
  const tags: unknown = typeof body === "object" && body !== null && "tags" in body ? body.tags : undefined;
  if (tags === null || tags === undefined) return [];
  if (!Array.isArray(tags)) throw problem(end, "the tag list holds no list of tags", { code: "protocol-violation" });
  return tags.filter((tag: unknown): tag is string => typeof tag === "string" && isTag(tag));
}

function problem(end: RepositoryEnd, text: string, details: Pick<ErrorDetails, "code" | "cause">): ChartferryError {
  return new ChartferryError(text, { operation: "list tags", registry: end.registry, repository: end.repository, ...details });
}
