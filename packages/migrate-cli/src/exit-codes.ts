import { isChartferryError, type ErrorCode } from "@chartferry/core";

/** What a script can rely on. Part of the product: never renumber. */
export const exitCodes = {
  done: 0,
  /** Some versions failed; the rest was done. */
  someFailed: 1,
  /** Wrong usage or configuration, or nothing could be read. */
  usage: 2,
  differences: 3,
  harnessFailed: 4,
  /** By a signal; the same command carries on. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** For failures that end a command: of one chart that was asked for by name, the registry's answer is a failure, not wrong usage. */
const failures: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "conflict",
  "already-exists",
  "tag-immutable",
  "manifest-unknown",
  "digest-mismatch",
]);

export function exitCodeFor(error: unknown): ExitCode {
  if (isChartferryError(error, "aborted")) return exitCodes.interrupted;
  return isChartferryError(error) && failures.has(error.code) ? exitCodes.someFailed : exitCodes.usage;
}
