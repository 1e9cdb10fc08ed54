import { ChartferryError, isChartferryError } from "@chartferry/core";

import type { VersionRecord } from "./work-item.ts";

/** A failure as a record tells it. A programming mistake is told too, rather than ending the run for all other versions. */
export function describeFailure(error: unknown): Pick<VersionRecord, "reason" | "message" | "hint"> {
  if (!isChartferryError(error))
    return { reason: "unexpected", message: error instanceof Error ? `${error.name}: ${error.message}` : "unknown" };
  return { reason: error.code, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
}

/** Whether the failure is our own stopping. */
export function isAbort(error: unknown, signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true || isChartferryError(error, "aborted");
}

/** What a signal was aborted with, as an error of ours. */
export function interruption(): ChartferryError {
  return new ChartferryError("interrupted", {
    code: "aborted",
    operation: "migrate",
    retryable: true,
    hint: "run the same command again to carry on",
  });
}
