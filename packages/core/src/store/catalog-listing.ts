import type { AdapterContext } from "../adapter/registry-adapter.ts";
import { ChartferryError } from "../errors.ts";
import { errorFromAnswer } from "../http/error-response.ts";
import type { HttpAnswer } from "../http/http-client.ts";
import { nextLink } from "../http/paginate.ts";
import type { CallOptions } from "./chart-store.ts";

const pageBytes = 16 * 1024 * 1024;
const pageLimit = 20_000;

/** Repositories below a path by `GET /v2/_catalog`, for registries that have it. An empty prefix means all. */
export async function* listCatalog(
  prefix: string,
  context: AdapterContext,
  options: CallOptions = {},
): AsyncGenerator<string, void, undefined> {
  const registry = context.origin.host;
  let url: URL | undefined = new URL("/v2/_catalog?n=1000", context.origin);
  const visited = new Set<string>();
  while (url !== undefined) {
    if (visited.has(url.href) || visited.size >= pageLimit) throw listingError(registry, "the catalog never ends: its pages repeat");
    visited.add(url.href);
    const answer: HttpAnswer = await context.http.send({
      method: "GET",
      url,
      operation: "list repositories",
      scopes: ["registry:catalog:*"],
      ...options,
    });
    if (answer.status !== 200) throw await errorFromAnswer(answer, { operation: "list repositories", registry });
    for (const name of namesOf(await answer.bytes(pageBytes), registry)) if (isBelow(name, prefix)) yield name;
    url = nextLink(answer, url);
  }
}

function isBelow(name: string, prefix: string): boolean {
  return prefix === "" || name === prefix || name.startsWith(`${prefix}/`);
}

function namesOf(bytes: Uint8Array, registry: string): string[] {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw listingError(registry, "the catalog is not JSON", cause);
  }
  const names: unknown = typeof body === "object" && body !== null && "repositories" in body ? body.repositories : undefined;
  return Array.isArray(names) ? names.filter((name: unknown): name is string => typeof name === "string") : [];
}

function listingError(registry: string, text: string, cause?: unknown): ChartferryError {
  return new ChartferryError(text, { code: "protocol-violation", operation: "list repositories", registry, cause });
}
