import { printable, shown } from "../shown-text.ts";

/** Query parameters of the distribution API and of token services; every other value may be a signature or a session and is masked. */
const plainParameters = new Set(["n", "last", "digest", "mount", "from", "artifacttype", "service", "scope", "account", "tag"]);

/** Whether a query parameter's value may be shown. */
export function isPlainParameter(name: string): boolean {
  return plainParameters.has(name.toLowerCase());
}

/** A url for logs and messages: no userinfo, no fragment, values of unknown query parameters masked. */
export function redactUrl(url: URL): string {
  const query = [...url.searchParams].map(
    ([name, value]) => `${encodeURIComponent(name)}=${isPlainParameter(name) ? plain(value) : "***"}`,
  );
  return printable(`${url.origin}${url.pathname}${query.length === 0 ? "" : `?${query.join("&")}`}`, 1000);
}

/** Digests and scopes stay readable: `:`, `/` and `,` are legal in a query. */
function plain(value: string): string {
  return encodeURIComponent(value).replace(/%(3A|2F|2C)/g, (code) => decodeURIComponent(code));
}

/** A url for messages about a source: no userinfo, fragment or query, since signed urls carry their secret there. */
export function shownUrl(url: URL): string {
  return shown(`${url.protocol}//${url.host}${url.pathname}${url.search === "" ? "" : "?…"}`);
}
