import { type ErrorCode, isChartferryError } from "@chartferry/core";

import type { VersionRecord } from "../work-item.ts";

/** What a migration would do with a version at one target. */
export const decisions = ["push", "skip", "compare", "fail", "refuse", "unknown"] as const;
/**
 * `compare`: something stands there, and only the opened chart tells whether it is the same; `fail`: it would be tried and fail; `refuse`: never sent, because of what the entry says;
 * `unknown`: the target or the source could not be asked.
 */
export type Decision = (typeof decisions)[number];

/** Failures that are no answer: asked again, the other end may say something else. */
const noAnswer: ReadonlySet<string> = new Set<ErrorCode | "unexpected">([
  "host-not-found",
  "connection-refused",
  "connection-lost",
  "timeout",
  "tls",
  "plain-http",
  "redirect-refused",
  "aborted",
  "unauthenticated",
  "credentials-expired",
  "credentials-unavailable",
  "denied",
  "denied-or-missing",
  "rate-limited",
  "unavailable",
  "protocol-violation",
  "provenance-unavailable",
  "file-unreadable",
  "file-unwritable",
  "disk-full",
  "layout-invalid",
  "layout-locked",
  "unexpected",
]);

/** Whether a failure is what a migration would end with for this version, rather than a want of an answer. */
export function isDecided(error: unknown): boolean {
  return isChartferryError(error) && !noAnswer.has(error.code);
}

/** Reason of a version that only its download decides. */
export const undecided = "undecided";

export function decisionOf({ status, reason = "unexpected" }: Pick<VersionRecord, "status" | "reason">): Decision {
  if (status === "pushed") return "push";
  if (status === "skipped") return "skip";
  if (status === "refused") return "refuse";
  if (reason === undecided) return "compare";
  return status === "failed" && !noAnswer.has(reason) ? "fail" : "unknown";
}
