import type { IncomingMessage } from "node:http";

/** The requests of a migration, in the order in which a version meets them. */
export const requestKinds = [
  "get-index",
  "get-chart",
  "get-provenance",
  "ping",
  "token",
  "list-tags",
  "get-manifest",
  "head-manifest",
  "head-blob",
  "post-blob",
  "start-upload",
  "put-blob",
  "put-manifest",
] as const;
export type RequestKind = (typeof requestKinds)[number];

/** The server that a kind of request goes to. */
export type Place = "source" | "registry" | "token-service";

interface KindFacts {
  /** First cell of its row. */
  readonly title: string;
  readonly place: Place;
  /** The request carries bytes. */
  readonly sendsBody?: true;
  /** Its answer has no body, whatever the status. */
  readonly isHead?: true;
  /** Its answer names the digest of what was asked for or stored. */
  readonly namesDigest?: true;
}

export const kindFacts: Readonly<Record<RequestKind, KindFacts>> = {
  "get-index": { title: "`GET` index", place: "source" },
  "get-chart": { title: "`GET` chart", place: "source" },
  "get-provenance": { title: "`GET` provenance", place: "source" },
  ping: { title: "`GET /v2/`", place: "registry" },
  token: { title: "`GET` token", place: "token-service" },
  "list-tags": { title: "`GET` tags", place: "registry" },
  "get-manifest": { title: "`GET` manifest that stands there", place: "registry", namesDigest: true },
  "head-manifest": { title: "`HEAD` manifest of the journal", place: "registry", namesDigest: true, isHead: true },
  "head-blob": { title: "`HEAD` blob before it is sent again", place: "registry", namesDigest: true, isHead: true },
  "post-blob": { title: "`POST` whole blob", place: "registry", namesDigest: true, sendsBody: true },
  "start-upload": { title: "`POST` upload", place: "registry" },
  "put-blob": { title: "`PUT` blob", place: "registry", namesDigest: true, sendsBody: true },
  "put-manifest": { title: "`PUT` manifest", place: "registry", namesDigest: true, sendsBody: true },
};

const patterns: readonly (readonly [RequestKind, RegExp])[] = [
  ["get-index", /^GET \/charts\/index\.yaml$/u],
  ["get-chart", /^GET \/charts\/[^?]+\.tgz$/u],
  ["get-provenance", /^GET \/charts\/[^?]+\.tgz\.prov$/u],
  ["ping", /^GET \/v2\/$/u],
  ["token", /^GET \/token\?/u],
  ["list-tags", /^GET \/v2\/.+\/tags\/list/u],
  ["get-manifest", /^GET \/v2\/.+\/manifests\//u],
  ["head-manifest", /^HEAD \/v2\/.+\/manifests\//u],
  ["head-blob", /^HEAD \/v2\/.+\/blobs\//u],
  ["post-blob", /^POST \/v2\/.+\/blobs\/uploads\/\?(?:.*&)?digest=/u],
  ["start-upload", /^POST \/v2\/.+\/blobs\/uploads\/$/u],
  ["put-blob", /^PUT \/v2\/.+\/blobs\/uploads\/./u],
  ["put-manifest", /^PUT \/v2\/.+\/manifests\//u],
];

/** `undefined` = none of these: a request that a fault has led astray. */
export function kindOf({ method = "", url = "" }: Pick<IncomingMessage, "method" | "url">): RequestKind | undefined {
  return patterns.find(([, pattern]) => pattern.test(`${method} ${url}`))?.[0];
}
