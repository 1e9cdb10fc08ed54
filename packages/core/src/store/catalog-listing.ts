import type { AdapterContext } from "../adapter/registry-adapter.ts";
import { ChartferryError } from "../errors.ts";
import { errorFromAnswer } from "../http/answer/error-response.ts";
import type { HttpAnswer } from "../http/http-client.ts";
import { pageBytes, readPages } from "../http/paginate.ts";
import type { CallOptions } from "./chart-store.ts";

interface CatalogOptions extends CallOptions {
  /** Of the token, for registries that do not know the usual one. Default `registry:catalog:*`. */
  readonly scopes?: readonly string[];
}

/** Repositories below a path by `GET /v2/_catalog`, for registries that have it. An empty prefix means all. */
export async function* listCatalog(
  prefix: string,
  context: AdapterContext,
  { scopes = ["registry:catalog:*"], ...options }: CatalogOptions = {},
): AsyncGenerator<string, void, undefined> {
  const registry = context.origin.host;
  const fetch = async (url: URL): Promise<HttpAnswer> => {
    const answer = await context.http.send({
      method: "GET",
      url,
      operation: "list repositories",
      scopes,
      wholeBytes: pageBytes,
      ...options,
    });
    if (answer.status !== 200) throw await errorFromAnswer(answer, { operation: "list repositories", registry });
    return answer;
  };
  const first = new URL("/v2/_catalog?n=1000", context.origin);
  const place = { operation: "list repositories", registry };
  for await (const page of readPages(first, { place, fetch, parse: (bytes) => namesOf(bytes, registry) })) {
    for (const name of page) if (isBelow(name, prefix)) yield name;
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
