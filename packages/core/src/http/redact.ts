import { cleanText } from "./clean-text.ts";

/** Query parameters of the distribution API and of token services; every other value may be a signature or a session and is masked. */
const plainParameters = new Set(["n", "last", "digest", "mount", "from", "artifacttype", "service", "scope", "account", "tag"]);

/** A url for logs and messages: no userinfo, no fragment, values of unknown query parameters masked. */
export function redactUrl(url: URL): string {
  const query = [...url.searchParams].map(
    ([name, value]) => `${encodeURIComponent(name)}=${plainParameters.has(name.toLowerCase()) ? plain(value) : "***"}`,
  );
  return cleanText(`${url.origin}${url.pathname}${query.length === 0 ? "" : `?${query.join("&")}`}`, 1000);
}

/** Digests and scopes stay readable: `:`, `/` and `,` are legal in a query. */
function plain(value: string): string {
  return encodeURIComponent(value).replace(/%(3A|2F|2C)/g, (code) => decodeURIComponent(code));
}
