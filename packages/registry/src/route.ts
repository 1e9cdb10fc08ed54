/** What a path addresses. Parts are decoded, names not yet validated. */
export type Route =
  | { readonly kind: "ping" }
  | { readonly kind: "catalog" }
  | { readonly kind: "tags"; readonly repository: string }
  | { readonly kind: "referrers"; readonly repository: string; readonly digest: string }
  | { readonly kind: "manifest"; readonly repository: string; readonly reference: string }
  | { readonly kind: "blob"; readonly repository: string; readonly digest: string }
  | { readonly kind: "uploads"; readonly repository: string }
  | { readonly kind: "upload"; readonly repository: string; readonly session: string };

export type RouteKind = Route["kind"];

/** Methods by what a path addresses. Source: distribution-spec 1.1, "Endpoints"; `catalog` is Docker's, kept by most. */
export const methodsOf: Readonly<Record<RouteKind, readonly string[]>> = {
  ping: ["GET", "HEAD"],
  catalog: ["GET"],
  tags: ["GET"],
  referrers: ["GET"],
  manifest: ["GET", "HEAD", "PUT", "DELETE"],
  blob: ["GET", "HEAD", "DELETE"],
  uploads: ["POST"],
  upload: ["GET", "PATCH", "PUT", "DELETE"],
};

/** Repository names hold slashes, so the end of the path decides: `a/manifests/manifests/latest` is a tag of `a/manifests`. */
const patterns: readonly (readonly [RegExp, (repository: string, last: string) => Route])[] = [
  [/^\/v2\/(.+)\/blobs\/uploads()\/?$/, (repository) => ({ kind: "uploads", repository })],
  [/^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/, (repository, session) => ({ kind: "upload", repository, session })],
  [/^\/v2\/(.+)\/blobs\/([^/]+)$/, (repository, digest) => ({ kind: "blob", repository, digest })],
  [/^\/v2\/(.+)\/tags\/list()$/, (repository) => ({ kind: "tags", repository })],
  [/^\/v2\/(.+)\/manifests\/([^/]+)$/, (repository, reference) => ({ kind: "manifest", repository, reference })],
  [/^\/v2\/(.+)\/referrers\/([^/]+)$/, (repository, digest) => ({ kind: "referrers", repository, digest })],
];

/** `undefined` = no path of the registry. */
export function parseRoute(path: string): Route | undefined {
  if (path === "/v2/" || path === "/v2") return { kind: "ping" };
  if (path === "/v2/_catalog") return { kind: "catalog" };
  for (const [pattern, make] of patterns) {
    const match = pattern.exec(path);
    // The repository stays as sent: an escaped slash in it is no slash, and the name is refused.
    if (match !== null) return make(match[1] ?? "", decoded(match[2] ?? ""));
  }
  return undefined;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
