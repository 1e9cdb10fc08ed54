import type { Digest } from "@chartferry/core";
import type { LayoutRepository, LayoutTree } from "@chartferry/core/layout";

import type { RoutedRequest } from "./registry-hooks.ts";
import type { RegistryRequest } from "./registry-request.ts";

export interface HandlerLimits {
  /** Largest manifest in bytes. Default 4 MiB. */
  readonly maxManifestBytes: number;
  /** Most entries of one page of tags, repositories or referrers. Default 10,000. */
  readonly maxPage: number;
}

/** What every endpoint is given. */
export interface Exchange {
  readonly tree: LayoutTree;
  readonly request: RegistryRequest;
  readonly routed: RoutedRequest;
  readonly limits: HandlerLimits;
  readonly sparseIndexes: boolean;
  /** Whether a mount without `from` may look through other repositories. */
  readonly anonymousMount: boolean;
  /** The Location header for a path of this registry. */
  readonly locate: (path: string) => string;
}

export interface RepositoryExchange extends Exchange {
  readonly repository: LayoutRepository;
}

/** Content-Length; `undefined` for a chunked body. */
export function declaredSize(request: RegistryRequest): number | undefined {
  const text = request.headers["content-length"];
  if (text === undefined) return request.headers["transfer-encoding"] === undefined ? 0 : undefined;
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

export function etagOf(digest: Digest): string {
  return `"${digest}"`;
}

/** Whether the client has that version already. Source: RFC 9110 section 13.1.2. */
export function isFresh(request: RegistryRequest, digest: Digest): boolean {
  const header = request.headers["if-none-match"];
  if (header === undefined) return false;
  return header === "*" || header.split(",").some((part) => part.trim().replace(/^W\//, "") === etagOf(digest));
}
