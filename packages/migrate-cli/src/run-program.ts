import { CommanderError } from "commander";

import { exitCodeFor, exitCodes } from "./exit-codes.ts";
import { ownVersion } from "./own-version.ts";
import { createProgram } from "./program.ts";
import { showError } from "./terminal/show-error.ts";
import type { Terminal } from "./terminal/terminal.ts";

/** Runs one command line and says with which code the process should end. Never rejects. */
export async function runProgram(words: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode: number = exitCodes.done;
  const program = createProgram(terminal, (code) => (exitCode = code), ownVersion());
  try {
    await program.parseAsync(words, { from: "user" });
    return exitCode;
  } catch (error) {
    // Commander has printed its own message; help and version end with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    terminal.err(showError(error));
    return exitCodeFor(error);
  }
}
