import type { ErrorCode } from "@chartferry/core";
import { expect } from "vitest";

import type { ProgramResult } from "../support/run-program.ts";

export interface Failure {
  /** Exit code. */
  readonly code: number;
  /** The error code: `[code]` behind an error that ended the run, `code (…)` before a group of failed versions. */
  readonly reason?: ErrorCode | readonly ErrorCode[];
  /** All of them stand in what the program says: errors that end it on stderr, failed versions in the summary on stdout. */
  readonly says: readonly (string | RegExp)[];
}

/** A failure that a user can act on: the right exit code, the words, and no stack trace. */
export function expectFailure(result: ProgramResult, { code, reason = [], says }: Failure): void {
  const said = result.stdout + result.stderr;
  const reasons = [reason].flat().join("|");
  if (reasons !== "") expect(said).toMatch(new RegExp(`\\[(?:${reasons})\\]|^(?:${reasons}) \\(\\d+\\)`, "mu"));
  for (const part of says) {
    if (typeof part === "string") expect(said).toContain(part);
    else expect(said).toMatch(part);
  }
  expect(said).not.toMatch(/^\s+at .*[(:]\d+:\d+/mu);
  expect({ code: result.code, stderr: result.stderr }).toEqual({ code, stderr: result.stderr });
}
