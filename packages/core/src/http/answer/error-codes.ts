import type { ErrorView } from "../../adapter/registry-adapter.ts";
import type { ErrorCode } from "../../errors.ts";

/** OCI and Docker error codes whose meaning does not depend on the status. Sources: distribution-spec "Error Codes", registry notes. */
const byCode: ReadonlyMap<string, ErrorCode> = new Map([
  ["BLOB_UNKNOWN", "blob-unknown"],
  ["BLOB_UPLOAD_INVALID", "upload-lost"],
  ["BLOB_UPLOAD_UNKNOWN", "upload-lost"],
  ["RANGE_INVALID", "upload-lost"],
  ["DIGEST_INVALID", "digest-mismatch"],
  ["SIZE_INVALID", "size-mismatch"],
  ["MANIFEST_BLOB_UNKNOWN", "blob-unknown"],
  ["MANIFEST_INVALID", "manifest-invalid"],
  ["MANIFEST_UNVERIFIED", "manifest-invalid"],
  ["MANIFEST_UNKNOWN", "manifest-unknown"],
  ["TAG_EXPIRED", "manifest-unknown"],
  ["NAME_INVALID", "name-invalid"],
  ["TAG_INVALID", "name-invalid"],
  ["NAME_UNKNOWN", "repository-missing"],
  ["PROJECT_NOT_FOUND", "namespace-missing"],
  ["PROJECTNOTFOUND", "namespace-missing"],
  ["TAG_IMMUTABLE", "tag-immutable"],
  ["QUOTA_EXCEEDED", "quota-exceeded"],
  ["UNSUPPORTED", "unsupported"],
]);

const byStatus: ReadonlyMap<number, ErrorCode> = new Map([
  [401, "unauthenticated"],
  [403, "denied"],
  [405, "unsupported"],
  [407, "proxy-refused"],
  [408, "timeout"],
  [409, "conflict"],
  [412, "tag-immutable"],
  [413, "too-large"],
  [429, "rate-limited"],
  [499, "unavailable"],
  [501, "unsupported"],
  [507, "quota-exceeded"],
]);

/** The code of core for a refused answer; adapters may know better (`mapError`). */
export function codeOf(view: ErrorView): ErrorCode {
  return fromWords(view) ?? fromCode(view) ?? byStatus.get(view.status) ?? fromStatus(view);
}

interface Phrase {
  readonly code: ErrorCode;
  readonly statuses: readonly number[];
  readonly matches: (said: string, firstCode: string) => boolean;
}

/** Things that registries say in words, under statuses and codes that mean something else. */
const phrases: readonly Phrase[] = [
  {
    code: "tls",
    statuses: [400],
    matches: (said) => /HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS port/i.test(said),
  },
  { code: "read-only", statuses: [400, 403, 405, 409, 412, 423], matches: (said) => /\b(read[- _]?only|maintenance mode)\b/i.test(said) },
  { code: "tag-immutable", statuses: [400, 403, 405, 409, 412], matches: (said) => /\bimmutable\b/i.test(said) },
  { code: "quota-exceeded", statuses: [403, 413, 429], matches: isQuota },
  { code: "read-only", statuses: [405], matches: (_said, firstCode) => firstCode === "DENIED" },
];

function fromWords({ status, text, errors }: ErrorView): ErrorCode | undefined {
  const said = text.slice(0, 4096);
  return phrases.find(({ statuses, matches }) => statuses.includes(status) && matches(said, errors[0]?.code ?? ""))?.code;
}

/** A 429 is a quota where it speaks of a number of repositories or of storage (zot's maxRepos answers TOOMANYREQUESTS), not of requests. */
function isQuota(said: string): boolean {
  return (
    /quota|max(imum)?[ _-]?(number of )?repos|(repositor(y|ies)|storage) (limit|count)|limit .{0,40}repositor|storage .{0,20}(limit|exceeded)/i.test(
      said,
    ) && !/pull rate|requests? per/i.test(said)
  );
}

function fromCode({ status, errors, operation }: ErrorView): ErrorCode | undefined {
  // These statuses speak for themselves; their codes (UNAUTHORIZED, DENIED, TOOMANYREQUESTS) add nothing.
  if (status === 401 || status === 429 || status >= 500) return undefined;
  for (const { code } of errors) {
    // What a registry answers to uploads while it takes none, maintenance of Distribution for one.
    if (status === 405 && code === "UNSUPPORTED" && /upload|push blob/.test(operation)) return "read-only";
    const known = byCode.get(code);
    if (known !== undefined) return known;
  }
  return undefined;
}

function fromStatus({ status, operation }: ErrorView): ErrorCode {
  if (status >= 500) return "unavailable";
  if (status >= 300 && status < 400) return "redirect-refused";
  if (status === 404 || status === 410) return missing(operation);
  if (status === 416 && /upload|push/.test(operation)) return "upload-lost";
  return [400, 415, 422].includes(status) && operation.includes("manifest") ? "manifest-invalid" : "protocol-violation";
}

/** What is missing follows from what was being done. */
function missing(operation: string): ErrorCode {
  if (/index/.test(operation)) return "index-missing";
  if (/(fetch|resolve|find|delete|read) (manifest|tag)/.test(operation)) return "manifest-unknown";
  if (/(fetch|find|read) blob/.test(operation)) return "blob-unknown";
  if (/push|upload|list|mount/.test(operation)) return "repository-missing";
  if (/sign in/.test(operation)) return "unsupported";
  return "source-missing";
}
