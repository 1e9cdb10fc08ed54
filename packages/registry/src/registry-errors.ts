import { isChartferryError, type ChartferryError, type ErrorCode } from "@chartferry/core";

import { json, type RegistryResponse } from "./registry-request.ts";

/** Source: distribution-spec 1.1, "Error Codes"; UNKNOWN is for failures of the server, which the list leaves out. */
export type RegistryErrorCode =
  | "BLOB_UNKNOWN"
  | "BLOB_UPLOAD_INVALID"
  | "BLOB_UPLOAD_UNKNOWN"
  | "DIGEST_INVALID"
  | "MANIFEST_BLOB_UNKNOWN"
  | "MANIFEST_INVALID"
  | "MANIFEST_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "SIZE_INVALID"
  | "UNAUTHORIZED"
  | "DENIED"
  | "UNSUPPORTED"
  | "TOOMANYREQUESTS"
  | "UNKNOWN";

export interface ErrorAnswer {
  readonly status: number;
  readonly code: RegistryErrorCode;
  readonly message: string;
  readonly detail?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export function errorResponse({ status, code, message, detail, headers }: ErrorAnswer): RegistryResponse {
  return json(status, { errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] }, headers);
}

type Mapping = readonly [status: number, code: RegistryErrorCode];

const mappings: Partial<Record<ErrorCode, Mapping>> = {
  "name-invalid": [400, "NAME_INVALID"],
  "reference-invalid": [400, "DIGEST_INVALID"],
  "digest-mismatch": [400, "DIGEST_INVALID"],
  "size-mismatch": [400, "SIZE_INVALID"],
  "manifest-invalid": [400, "MANIFEST_INVALID"],
  "too-large": [413, "SIZE_INVALID"],
  "blob-unknown": [404, "BLOB_UNKNOWN"],
  "upload-lost": [404, "BLOB_UPLOAD_UNKNOWN"],
  "rate-limited": [429, "TOOMANYREQUESTS"],
  "read-only": [405, "UNSUPPORTED"],
  unsupported: [400, "UNSUPPORTED"],
  "layout-locked": [503, "UNKNOWN"],
};

/** The answer to a failure. What the server itself could not do is said without its paths. */
export function answerTo(error: unknown): RegistryResponse {
  const mapping = isChartferryError(error) ? mappingOf(error) : undefined;
  if (mapping === undefined || !isChartferryError(error)) return errorResponse(serverFailure(error));
  const [status, code] = mapping;
  const wait = error.retryAfterMs;
  const headers = wait === undefined ? {} : { "retry-after": String(Math.ceil(wait / 1000)) };
  return errorResponse({ status, code, message: ownWords[error.code] ?? error.message, headers });
}

/** These messages name folders and processes of this machine, which are none of a client's business. */
const ownWords: Partial<Record<ErrorCode, string>> = {
  "read-only": "this registry is read-only",
  "layout-locked": "another process has this registry's folder",
};

function mappingOf(error: ChartferryError): Mapping | undefined {
  if (error.code === "blob-unknown" && error.operation === "push manifest") return [400, "MANIFEST_BLOB_UNKNOWN"];
  // Bytes on disk that changed since they were stored are no mistake of the client.
  if (error.code === "digest-mismatch" && error.operation === "read manifest") return undefined;
  // No client sees this: it is what nginx writes into its log for a client that went away.
  if (error.code === "connection-lost" && error.operation === "read request") return [499, "UNKNOWN"];
  return mappings[error.code];
}

/** Seconds after which a client may come again when there were too many open files. */
const whenFilesAreClosed = "1";

function serverFailure(error: unknown): ErrorAnswer {
  const errno = errnoOf(error) ?? "";
  if (["EMFILE", "ENFILE"].includes(errno)) {
    const message = "the registry has too many open files; come again in a moment";
    return { status: 503, code: "UNKNOWN", message, headers: { "retry-after": whenFilesAreClosed } };
  }
  if (["ENOSPC", "EDQUOT"].includes(errno)) return { status: 507, code: "UNKNOWN", message: "the registry has no space left" };
  const code = isChartferryError(error) ? ` (${error.code})` : "";
  return { status: 500, code: "UNKNOWN", message: `the registry failed${code}; its log says why` };
}

/** What the system said, in the error itself or below one of ours. */
function errnoOf(error: unknown): string | undefined {
  const said = isChartferryError(error) ? error.cause : error;
  return said instanceof Error && "code" in said && typeof said.code === "string" ? said.code : undefined;
}
