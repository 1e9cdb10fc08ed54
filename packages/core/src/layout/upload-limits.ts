import { ChartferryError } from "../errors.ts";

/** Bounds on what clients may leave unfinished. */
export interface UploadLimits {
  /** Largest blob in bytes. Default 10 GiB. */
  readonly maxBlobBytes: number;
  /** Unfinished uploads at one time. Default 1000. */
  readonly maxSessions: number;
  /** Bytes of all unfinished uploads together. Default 50 GiB. */
  readonly maxPendingBytes: number;
  /** An upload that nothing was added to for this long is dropped, in milliseconds. Default 1 hour. */
  readonly sessionLifetimeMs: number;
}

const gibibyte = 1024 ** 3;

export const defaultUploadLimits: UploadLimits = {
  maxBlobBytes: 10 * gibibyte,
  maxSessions: 1000,
  maxPendingBytes: 50 * gibibyte,
  sessionLifetimeMs: 60 * 60 * 1000,
};

export function tooLargeBlob(limits: UploadLimits): ChartferryError {
  return new ChartferryError(`the blob has more than ${limits.maxBlobBytes} bytes`, { code: "too-large", operation: "push blob" });
}

export function tooManyPending(what: string): ChartferryError {
  return new ChartferryError(`too many ${what} are unfinished`, {
    code: "rate-limited",
    operation: "push blob",
    retryable: true,
    retryAfterMs: 30_000,
  });
}
