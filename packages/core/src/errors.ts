/**
 * Every failure that a caller may want to tell apart. Callers branch on `code` and `retryable`, never on text.
 * The list is closed: a new kind of failure gets a line here, in docs/errors.md, and a test.
 */
export const errorCodes = [
  // what the user wrote
  "usage",
  "reference-invalid",
  "name-invalid",
  "target-unsupported",
  // reaching the other end
  "host-not-found",
  "connection-refused",
  "proxy-refused",
  "connection-lost",
  "timeout",
  "tls",
  "plain-http",
  "redirect-refused",
  "aborted",
  // who we are
  "unauthenticated",
  "credentials-expired",
  "credentials-unavailable",
  "denied",
  "denied-or-missing",
  // what the registry says
  "repository-missing",
  "namespace-missing",
  "manifest-unknown",
  "manifest-invalid",
  "blob-unknown",
  "upload-lost",
  "tag-immutable",
  "quota-exceeded",
  "rate-limited",
  "too-large",
  "unsupported",
  "read-only",
  "unavailable",
  "protocol-violation",
  // what the bytes say
  "digest-mismatch",
  "size-mismatch",
  "archive-invalid",
  "archive-too-large",
  "chart-invalid",
  "not-a-chart",
  "provenance-missing",
  "provenance-unavailable",
  // a classic repository
  "index-missing",
  "index-invalid",
  "index-truncated",
  "entry-invalid",
  "digest-missing",
  "source-missing",
  // the target's state
  "conflict",
  "already-exists",
  // this machine
  "file-missing",
  "file-unreadable",
  "file-unwritable",
  "disk-full",
  "layout-invalid",
  "layout-locked",
  "journal-locked",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface ErrorDetails {
  readonly code: ErrorCode;
  /** What was being done, as a verb and its object: `push blob`, `read index`. */
  readonly operation: string;
  /** Whether the same call may succeed later with nothing changed. Default: false. */
  readonly retryable?: boolean;
  /** Host and port, without scheme. */
  readonly registry?: string | undefined;
  /** Path within the registry, without tag. */
  readonly repository?: string | undefined;
  /** Chart version or tag; for a digest reference the digest. */
  readonly version?: string | undefined;
  /** HTTP status, where an answer was received. */
  readonly status?: number | undefined;
  /** Milliseconds that the server asked us to wait, from Retry-After. */
  readonly retryAfterMs?: number | undefined;
  /** What came of an answer in the time that it had, where it came too slowly. */
  readonly receivedBytes?: number | undefined;
  /** The next thing to try: one sentence, no trailing period. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** The one error class of chartferry. Its message is one line without secrets; the context stands in the fields. */
export class ChartferryError extends Error {
  override readonly name = "ChartferryError";
  readonly code: ErrorCode;
  readonly operation: string;
  readonly retryable: boolean;
  readonly registry: string | undefined;
  readonly repository: string | undefined;
  readonly version: string | undefined;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly receivedBytes: number | undefined;
  readonly hint: string | undefined;

  constructor(message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.operation = details.operation;
    this.retryable = details.retryable ?? false;
    this.registry = details.registry;
    this.repository = details.repository;
    this.version = details.version;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
    this.receivedBytes = details.receivedBytes;
    this.hint = details.hint;
  }
}

/** Narrows an unknown error; with `codes`, to one of those codes. */
export function isChartferryError(error: unknown, ...codes: ErrorCode[]): error is ChartferryError {
  return error instanceof ChartferryError && (codes.length === 0 || codes.includes(error.code));
}

/** The same error with context that the thrower could not know; fields already set stay. */
export function withContext(
  error: ChartferryError,
  context: Partial<Pick<ErrorDetails, "registry" | "repository" | "version" | "hint">>,
): ChartferryError {
  return changed(error, {
    registry: error.registry ?? context.registry,
    repository: error.repository ?? context.repository,
    version: error.version ?? context.version,
    hint: error.hint ?? context.hint,
  });
}

/** The same failure with another thing to try beside what it names itself. */
export function withOption(error: ChartferryError, option: string): ChartferryError {
  return changed(error, { hint: error.hint === undefined ? option : `${error.hint}; or ${option}` });
}

function changed(error: ChartferryError, details: Partial<ErrorDetails>): ChartferryError {
  const { code, operation, retryable, registry, repository, version, status, retryAfterMs, receivedBytes, hint, cause } = error;
  const own = { code, operation, retryable, registry, repository, version, status, retryAfterMs, receivedBytes, hint, cause };
  const wrapped = new ChartferryError(error.message, { ...own, ...details });
  if (error.stack !== undefined) wrapped.stack = error.stack;
  return wrapped;
}
