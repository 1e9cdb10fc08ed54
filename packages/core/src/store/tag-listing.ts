import type { HttpAnswer } from "../http/http-client.ts";
import { nextLink } from "../http/paginate.ts";
import type { CallOptions } from "./chart-store.ts";
import { ChartferryError, type ErrorDetails } from "../errors.ts";
import { failure, type RepositoryEnd } from "./repository-end.ts";

/** A page of 1,000 tags of 128 characters is 131 KB; zot answers 10,000 tags in one page. */
const pageBytes = 16 * 1024 * 1024;
/** 100,000 pages of one tag would be a server that plays with us. */
const pageLimit = 20_000;
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
  let url: URL | undefined = end.url("tags/list");
  if (end.tagPageSize !== undefined) url.searchParams.set("n", String(end.tagPageSize));
  const visited = new Set<string>();
  for (let page = 0; url !== undefined; page++) {
    if (page >= pageLimit || visited.has(url.href))
      throw problem(end, "the tag list never ends: its pages repeat", { code: "protocol-violation" });
    visited.add(url.href);
    const answer: HttpAnswer = await end.send({ method: "GET", url, operation: "list tags", access: "pull", ...options });
    if (answer.status === 404) {
      await answer.dump();
      if (page > 0) yield "cursor lost";
      return;
    }
    if (answer.status !== 200) throw await failure(end, answer, { operation: "list tags" });
    const bytes = await answer.bytes(pageBytes);
    yield tagsOf(end, bytes);
    url = nextLink(answer, url);
  }
}

/** Null lists, null and empty entries and `sha256:…` among the tags have all been seen. */
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
  return tags.filter((tag: unknown): tag is string => typeof tag === "string" && tag !== "" && !tag.includes(":"));
}

function problem(end: RepositoryEnd, text: string, details: Pick<ErrorDetails, "code" | "cause">): ChartferryError {
  return new ChartferryError(text, { operation: "list tags", registry: end.registry, repository: end.repository, ...details });
}
