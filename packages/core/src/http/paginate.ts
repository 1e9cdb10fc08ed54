import { ChartferryError, type ErrorDetails } from "../errors.ts";
import type { HttpAnswer } from "./http-client.ts";

/** One page in bytes: zot answers 10,000 tags in one page, and 1,000 tags of 128 characters are 131 KB. */
export const pageBytes = 16 * 1024 * 1024;

export interface PageOptions {
  /** Names the list in errors. */
  readonly place: Pick<ErrorDetails, "operation" | "registry" | "repository">;
  /** Pages at most; default 20,000. Listings of one name a page would be a server that plays with us. */
  readonly pages?: number;
  /** One page; default `pageBytes`. */
  readonly bytes?: number;
  /** Reads one page, `page` counted from 0; `undefined` ends the walk before a body is read (an answer that means "none", already dumped). */
  readonly fetch: (url: URL, page: number) => Promise<HttpAnswer | undefined>;
}

/** The bodies of all pages from `first` on. @throws protocol-violation when the pages repeat or never end, and what `fetch` throws */
export async function* readPages(first: URL, options: PageOptions): AsyncGenerator<Uint8Array, void, undefined> {
  const { place, pages = 20_000, bytes = pageBytes } = options;
  const visited = new Set<string>();
  for (let url: URL | undefined = first; url !== undefined;) {
    if (visited.has(url.href)) throw violation(place, "the list never ends: its pages repeat");
    if (visited.size >= pages) throw violation(place, `the list never ends: it has more than ${pages} pages`);
    const answer = await options.fetch(url, visited.size);
    visited.add(url.href);
    if (answer === undefined) return;
    yield await answer.bytes(bytes);
    url = nextLink(answer, url, place);
  }
}

/**
 * The next page that a Link header names, resolved against the request; `undefined` = this was the last one.
 * A link to another origin is refused: it could collect our token. Source: RFC 8288, distribution-spec "Listing Tags".
 */
function nextLink(answer: HttpAnswer, requestUrl: URL, place: PageOptions["place"]): URL | undefined {
  const target = linkTarget(answer.headers["link"] ?? "", "next");
  if (target === undefined) return undefined;
  if (!URL.canParse(target, requestUrl.href)) throw violation(place, "the next page's link is no address");
  const url = new URL(target, requestUrl);
  url.hash = "";
  if (url.origin !== requestUrl.origin) throw violation(place, `the next page's link leads to another origin (${url.origin})`);
  if (url.username !== "" || url.password !== "") throw violation(place, "the next page's link holds a user name");
  return url;
}

/** The first `<target>` with the relation; parameters quoted or not, in any order and case. */
function linkTarget(header: string, relation: string): string | undefined {
  for (const [, target = "", parameters = ""] of header.matchAll(/<([^<>]*)>((?:\s*;\s*[^\s=;,]+\s*(?:=\s*(?:"[^"]*"|[^\s";,]*))?)*)/g)) {
    const pairs = [...parameters.matchAll(/;\s*([^\s=;,]+)\s*(?:=\s*(?:"([^"]*)"|([^\s";,]*)))?/g)];
    const pair = pairs.find(([, name = ""]) => name.toLowerCase() === "rel");
    const names = (pair?.[2] ?? pair?.[3] ?? "").toLowerCase().split(/\s+/);
    if (names.includes(relation)) return target;
  }
  return undefined;
}

function violation(place: PageOptions["place"], text: string): ChartferryError {
  return new ChartferryError(text, { code: "protocol-violation", ...place });
}
