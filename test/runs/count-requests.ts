const KINDS: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: "ping", pattern: /^\/v2\/?$/u },
  { what: "tags", pattern: /^\/v2\/.+\/tags\/list$/u },
  { what: "manifest", pattern: /^\/v2\/.+\/manifests\/[^/]+$/u },
  { what: "upload", pattern: /^\/v2\/.+\/blobs\/uploads(?:\/.*)?$/u },
  { what: "blob", pattern: /^\/v2\/.+\/blobs\/[^/]+$/u },
  { what: "referrers", pattern: /^\/v2\/.+\/referrers\/[^/]+$/u },
];

/** Requests by kind: `{ "GET tags": 107, "PUT manifest": 2023 }`. What fits no kind counts under its path. */
export function countRequests(requests: readonly { readonly method: string; readonly path: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { method, path } of requests) {
    const bare = path.split("?")[0] ?? "";
    const kind = `${method} ${KINDS.find(({ pattern }) => pattern.test(bare))?.what ?? bare}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}
