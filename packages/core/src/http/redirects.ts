import { ChartferryError } from "../errors.ts";
import type { HttpAnswer } from "./http-client.ts";
import type { Wire, WireRequest } from "./wire.ts";

/** As Go's client and oras-go. */
const maxRedirects = 10;
const redirecting = new Set([301, 302, 303, 307, 308]);

/** Headers that say who we are. */
const personal = new Set(["authorization", "cookie"]);

/**
 * Follows redirects by hand. Authorization stays with the first origin (scheme, host and port), and once a request has left it, it has left for good;
 * never from https to http; bodies are sent again to the same origin only. Source: oras-go 2.6.4.
 */
export async function followRedirects(wire: Wire, first: WireRequest): Promise<HttpAnswer> {
  let request = first;
  for (let hops = 0; ; hops++) {
    const answer = await wire.exchange(request);
    const location = redirecting.has(answer.status) ? answer.headers["location"] : undefined;
    if (location === undefined) return answer;
    await answer.dump();
    if (hops >= maxRedirects) throw refused(first, `redirects more than ${maxRedirects} times`);
    const url = nextUrl(request, location);
    // What a hop leaves behind does not come back: the next one starts with what is left.
    request = nextRequest(request, { status: answer.status, url, left: url.origin !== first.url.origin });
  }
}

function nextUrl(request: WireRequest, location: string): URL {
  if (!URL.canParse(location, request.url.href)) throw refused(request, "redirects to something that is no address");
  const url = new URL(location, request.url);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw refused(request, `redirects to a ${url.protocol.slice(0, -1)} address`);
  if (request.url.protocol === "https:" && url.protocol === "http:")
    throw refused(request, `redirects from https down to http (${url.host})`);
  url.username = "";
  url.password = "";
  url.hash = "";
  return url;
}

function nextRequest(request: WireRequest, hop: { readonly status: number; readonly url: URL; readonly left: boolean }): WireRequest {
  const { status, url, left } = hop;
  const headers = left ? impersonal(request.headers) : request.headers;
  if (request.method === "GET" || request.method === "HEAD") return { ...request, url, headers };
  // A 303 says where an answer is found, not that anything was stored.
  if (status === 303 && request.method === "POST") return asGet(request, { url, headers });
  if (left) throw refused(request, `redirects a ${request.method} to another origin (${url.origin})`, url);
  if (status === 307 || status === 308) return { ...request, url, headers };
  throw refused(request, `answers a ${request.method} with a redirect (${status}) that would turn it into a GET`, url);
}

function asGet({ body: _body, ...request }: WireRequest, next: Pick<WireRequest, "url" | "headers">): WireRequest {
  const headers = Object.fromEntries(Object.entries(next.headers).filter(([name]) => !name.startsWith("content-")));
  return { ...request, method: "GET", url: next.url, headers };
}

function impersonal(headers: WireRequest["headers"]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !personal.has(name.toLowerCase())));
}

function refused(request: WireRequest, what: string, to?: URL): ChartferryError {
  return new ChartferryError(`${request.url.host} ${what}: refused`, {
    code: "redirect-refused",
    operation: request.operation,
    registry: request.url.host,
    repository: request.repository,
    version: request.version,
    ...(to === undefined ? {} : { hint: `use ${to.origin} as the address itself` }),
  });
}
