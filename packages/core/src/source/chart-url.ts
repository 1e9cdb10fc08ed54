import type { Note } from "../note.ts";
import { shown } from "../shown-text.ts";

/** `--url-rewrite FROM=TO`: a url that begins with `from` begins with `to` instead. */
export interface UrlRewrite {
  readonly from: string;
  readonly to: string;
}

export interface ResolvedUrls {
  readonly urls: readonly string[];
  readonly notes: readonly Note[];
}

/** The places an entry's urls name, absolute, in their order. What may not be followed is left out with a note. */
export function resolveChartUrls(urls: readonly string[], base: URL, rewrites: readonly UrlRewrite[]): ResolvedUrls {
  const notes: Note[] = [];
  const resolved = urls.flatMap((text) => {
    const url = resolveOne(text, base, rewrites);
    if (typeof url === "string") {
      notes.push({ code: "url-refused", text: `the url ${shown(withoutUserinfo(text))} is not followed: ${url}` });
      return [];
    }
    if (removeUserinfo(url))
      notes.push({ code: "url-userinfo-removed", text: `a user name or password in a url of ${shown(url.host)} is not sent` });
    return [url.href];
  });
  return { urls: [...new Set(resolved)], notes };
}

/** Where the file lies if it was moved together with its index: its name, beside the index. */
export function besideIndex(url: string, base: URL, entry: { readonly chart: string; readonly version: string }): string | undefined {
  const file = fileNameOf(new URL(url), entry);
  if (file === "." || file === "..") return undefined;
  const beside = new URL(`./${file}`, base);
  beside.search = base.search;
  return beside.href === url ? undefined : beside.href;
}

/** The url of the provenance: `.prov` at the end of the path, the query kept. */
export function provenanceUrl(url: string): URL {
  const provenance = new URL(url);
  provenance.pathname += ".prov";
  return provenance;
}

function resolveOne(text: string, base: URL, rewrites: readonly UrlRewrite[]): URL | string {
  // Control characters would vanish in URL parsing: what is shown and what is fetched must be the same.
  if (/[\p{Cc}]/u.test(text)) return "it holds control characters";
  const absolute = /^[a-z][a-z0-9+.-]*:/i.test(text) || text.startsWith("//");
  const url = parse(absolute ? rewritten(text, rewrites) : text, base);
  if (url === undefined) return "it is not valid";
  url.hash = "";
  if (absolute) return allowed(url, base);
  // As Helm: the repository's query (a token, often) replaces that of a relative url. Backslashes and blanks in front can make a
  // text that looks relative name another host, which must not see the token.
  if (base.protocol !== "file:" && url.origin === base.origin && base.search !== "") url.search = base.search;
  const other = parse(rewritten(url.href, rewrites), base) ?? url;
  return allowed(other, base);
}

function allowed(url: URL, base: URL): URL | string {
  if (url.protocol === "http:" || url.protocol === "https:" || url.protocol === "oci:") return url;
  if (url.protocol === "file:") return base.protocol === "file:" ? url : "a file of this machine is not read on behalf of a remote index";
  return `its scheme ${url.protocol} is not supported`;
}

/** The longest matching prefix wins. */
function rewritten(url: string, rewrites: readonly UrlRewrite[]): string {
  let best: UrlRewrite | undefined;
  for (const rewrite of rewrites) {
    if (url.startsWith(rewrite.from) && (best === undefined || rewrite.from.length > best.from.length)) best = rewrite;
  }
  return best === undefined ? url : best.to + url.slice(best.from.length);
}

function parse(text: string, base: URL): URL | undefined {
  return URL.canParse(text, base.href) ? new URL(text, base) : undefined;
}

function removeUserinfo(url: URL): boolean {
  if (url.username === "" && url.password === "") return false;
  url.username = "";
  url.password = "";
  return true;
}

function withoutUserinfo(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:)?\/\/[^/?#]*@/i, "$1//…@").replace(/\?.*$/s, "?…");
}

/** The last part of the path; for `oci://…/chart:1.2.3` and other paths without a file name what Helm would have called the file. */
function fileNameOf(url: URL, entry: { readonly chart: string; readonly version: string }): string {
  const last = url.pathname.slice(url.pathname.lastIndexOf("/") + 1);
  if (/\.(?:tgz|tar\.gz)$/i.test(last)) return last;
  const named = last === "" || url.protocol === "oci:";
  return named ? encodeURIComponent(`${entry.chart}-${entry.version}.tgz`).replaceAll("%2B", "+") : last;
}
