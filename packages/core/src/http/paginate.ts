import { createHash } from "node:crypto";

import { ChartferryError, type ErrorDetails } from "../errors.ts";
import type { HttpAnswer } from "./http-client.ts";

/** One page in bytes: zot answers 10,000 tags in one page, and 1,000 tags of 128 characters are 131 KB. */
export const pageBytes = 16 * 1024 * 1024;

type Place = Pick<ErrorDetails, "operation" | "registry" | "repository">;

export interface PageOptions<T> {
  /** Names the list in errors. */
  readonly place: Place;
  /** Pages at most; default 20,000. */
  readonly pages?: number;
  /** Names at most in all; default 1,000,000. No registry is known to hold a tenth of that in one place. */
  readonly names?: number;
  /** One page; default `pageBytes`. */
  readonly bytes?: number;
  /** Reads one page, `page` counted from 0; `undefined` ends the walk before a body is read (an answer that means "none", already dumped). */
  readonly fetch: (url: URL, page: number) => Promise<HttpAnswer | undefined>;
  /** What of a Link counts: its whole address, or nothing but the `last` in it. Default `link`. */
  readonly next?: "link" | "last" | undefined;
  /** What a page lists. */
  readonly parse: (bytes: Uint8Array) => readonly T[];
}

/** From so many pages on, each must have brought so many names on average: the smallest pages that are known to be asked for have 50. */
const trustedPages = 50;
const namesPerPage = 10;

/** What all pages from `first` on list, page by page. @throws protocol-violation when they repeat, bring next to nothing or never end, and what `fetch` and `parse` throw */
export async function* readPages<T>(first: URL, options: PageOptions<T>): AsyncGenerator<readonly T[], void, undefined> {
  const { place, bytes = pageBytes, names: mostNames = 1_000_000 } = options;
  // Addresses may be long: what is kept of each is not.
  const visited = new Set<string>();
  let names = 0;
  for (let url: URL | undefined = first; url !== undefined;) {
    const address = createHash("sha256").update(url.href).digest("base64");
    if (visited.has(address)) throw violation(place, "the list never ends: its pages repeat");
    const endless = endlessness({ pages: visited.size, names }, options);
    if (endless !== undefined) throw violation(place, `the list never ends: ${endless}`);
    const answer = await options.fetch(url, visited.size);
    visited.add(address);
    if (answer === undefined) return;
    const page = options.parse(await answer.bytes(bytes));
    names += page.length;
    if (names > mostNames) throw violation(place, `the list is longer than ${mostNames} names`);
    yield page;
    url = nextPage(answer, url, options);
  }
}

/** Why a list that goes on after so much is not read any further. */
function endlessness(
  come: { readonly pages: number; readonly names: number },
  { pages = 20_000 }: Pick<PageOptions<unknown>, "pages">,
): string | undefined {
  if (come.pages >= pages) return `it has more than ${pages} pages`;
  if (come.pages < trustedPages || come.names >= come.pages * namesPerPage) return undefined;
  return `${come.pages} pages brought ${come.names} names, and more pages are to follow`;
}

function nextPage(answer: HttpAnswer, requestUrl: URL, { next, place }: Pick<PageOptions<unknown>, "next" | "place">): URL | undefined {
  if (next !== "last") return nextLink(answer, requestUrl, place);
  const target = linkTarget(answer.headers["link"] ?? "", "next");
  if (target === undefined) return undefined;
  const last = URL.canParse(target, requestUrl.href) ? new URL(target, requestUrl).searchParams.get("last") : null;
  if (last === null) throw violation(place, "the next page's link does not say after what it begins");
  const url = new URL(requestUrl);
  url.searchParams.set("last", last);
  return url;
}

/**
 * The next page that a Link header names, resolved against the request; `undefined` = this was the last one.
 * A link to another origin is refused: it could collect our token. Source: RFC 8288, distribution-spec "Listing Tags".
 */
function nextLink(answer: HttpAnswer, requestUrl: URL, place: Place): URL | undefined {
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

function violation(place: Place, text: string): ChartferryError {
  return new ChartferryError(text, { code: "protocol-violation", ...place });
}
