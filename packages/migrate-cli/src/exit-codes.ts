import { isChartferryError, type ErrorCode } from "@chartferry/core";

import { isComplete, type Report } from "./engine/keep/report.ts";

/** What a script can rely on. Part of the product: never renumber. */
export const exitCodes = {
  done: 0,
  /** Some versions failed; the rest was done. */
  someFailed: 1,
  /** Nothing could be done: wrong usage or configuration, or an end that cannot be used. */
  usage: 2,
  differences: 3,
  harnessFailed: 4,
  /** By a signal; the same command carries on. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const { someFailed, usage, interrupted } = exitCodes;

/**
 * The exit code when nothing was done and every failure is of this kind. 2 = it speaks of the command, its configuration or an end as a
 * whole: no other version would have fared better. 1 = it speaks of one version or repository. docs/errors.md says the same.
 */
const exitCodeOfError: Readonly<Record<ErrorCode, ExitCode>> = {
  usage,
  "reference-invalid": usage,
  "name-invalid": someFailed,
  "target-unsupported": usage,
  "host-not-found": usage,
  "connection-refused": usage,
  "proxy-refused": usage,
  "connection-lost": usage,
  timeout: usage,
  tls: usage,
  "plain-http": usage,
  "redirect-refused": usage,
  aborted: interrupted,
  unauthenticated: usage,
  "credentials-expired": usage,
  "credentials-unavailable": usage,
  denied: usage,
  "denied-or-missing": usage,
  "repository-missing": someFailed,
  "namespace-missing": usage,
  "manifest-unknown": someFailed,
  "manifest-invalid": someFailed,
  "blob-unknown": someFailed,
  "upload-lost": someFailed,
  "tag-immutable": someFailed,
  "quota-exceeded": usage,
  "rate-limited": usage,
  "too-large": someFailed,
  unsupported: usage,
  "read-only": usage,
  unavailable: usage,
  "protocol-violation": usage,
  "digest-mismatch": someFailed,
  "size-mismatch": someFailed,
  "archive-invalid": someFailed,
  "archive-too-large": someFailed,
  "chart-invalid": someFailed,
  "not-a-chart": someFailed,
  "provenance-missing": someFailed,
  "provenance-unavailable": someFailed,
  "index-missing": usage,
  "index-invalid": usage,
  "index-truncated": usage,
  "entry-invalid": someFailed,
  "digest-missing": someFailed,
  "source-missing": someFailed,
  conflict: someFailed,
  "already-exists": someFailed,
  "file-missing": usage,
  "file-unreadable": usage,
  "file-unwritable": usage,
  "disk-full": usage,
  "layout-invalid": usage,
  "layout-locked": usage,
  "journal-locked": usage,
};

/** For a failure that ends a command; whatever is no error of ours is a mistake in it. */
export function exitCodeFor(error: unknown): ExitCode {
  // An index is the one thing whose size keeps a command from everything.
  if (isChartferryError(error, "too-large") && error.operation === "read index") return usage;
  return isChartferryError(error) ? exitCodeOfError[error.code] : usage;
}

/** For a run that got as far as a report. */
export function exitCodeOf(report: Report): ExitCode {
  if (report.run.end === "interrupted") return interrupted;
  if (isComplete(report)) return exitCodes.done;
  return isUseless(report) ? usage : someFailed;
}

/** Whether nothing arrived or was there already, and no failure speaks of a version alone. What was never sent says nothing of the ends. */
function isUseless(report: Report): boolean {
  if (Object.values(report.totals.targets).some(({ pushed, skipped }) => pushed + skipped > 0)) return false;
  let failures = 0;
  for (const { status, reason } of report.records()) {
    if (status !== "failed") continue;
    if (reason === undefined || !isWhole(reason)) return false;
    failures++;
  }
  return failures > 0;
}

function isWhole(reason: string): boolean {
  return Object.entries(exitCodeOfError).some(([code, exit]) => code === reason && exit === usage);
}
