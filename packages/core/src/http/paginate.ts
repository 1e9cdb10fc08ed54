import { ChartferryError } from "../errors.ts";
import type { HttpAnswer } from "./http-client.ts";

/**
 * The next page that a Link header names, resolved against the request; `undefined` = this was the last one.
 * A link to another origin is refused: it could collect our token. Source: RFC 8288, distribution-spec "Listing Tags".
 */
export function nextLink(answer: Pick<HttpAnswer, "headers">, requestUrl: URL): URL | undefined {
  const target = linkTarget(answer.headers["link"] ?? "", "next");
  if (target === undefined) return undefined;
  if (!URL.canParse(target, requestUrl.href)) throw violation(requestUrl, "the next page's link is no address");
  const url = new URL(target, requestUrl);
  url.hash = "";
  if (url.origin !== requestUrl.origin) throw violation(requestUrl, `the next page's link leads to another origin (${url.origin})`);
  if (url.username !== "" || url.password !== "") throw violation(requestUrl, "the next page's link holds a user name");
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

export interface PageOptions {
  /** Pages at most; default 10,000. */
  readonly pages?: number;
  /** One page in bytes; default 16 MiB. */
  readonly bytes?: number;
  /** Reads one page; `undefined` ends the walk before its body is read (an answer that means "none", already dumped). */
  readonly fetch: (url: URL) => Promise<HttpAnswer | undefined>;
  /** Where a registry truncates without a Link: the next page from the last one's content, such as `?last=` (see `lastParameter`). */
  readonly next?: (page: Uint8Array, url: URL) => URL | undefined;
}

/** The bodies of all pages from `first` on. Ends with an error when the pages repeat or never end. */
export async function* readPages(first: URL, options: PageOptions): AsyncGenerator<Uint8Array, void, undefined> {
  const { pages = 10_000, bytes = 16 * 1024 * 1024 } = options;
  const visited = new Set<string>();
  for (let url: URL | undefined = first; url !== undefined;) {
    if (visited.has(url.href)) throw violation(url, "the pages of the list repeat");
    if (visited.size >= pages) throw violation(url, `the list has more than ${pages} pages`);
    visited.add(url.href);
    const answer = await options.fetch(url);
    if (answer === undefined) return;
    const page = await answer.bytes(bytes);
    yield page;
    url = nextLink(answer, url) ?? options.next?.(page, url);
  }
}

/** The same listing from behind `last` on. */
export function lastParameter(url: URL, last: string): URL {
  const next = new URL(url);
  next.searchParams.set("last", last);
  return next;
}

function violation(url: URL, text: string): ChartferryError {
  return new ChartferryError(text, { code: "protocol-violation", operation: "read next page", registry: url.host });
}
