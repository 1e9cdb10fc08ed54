import { temporaryFolder } from "../engine/testing/temporary-folder.ts";
import { runProgram } from "../run-program.ts";
import { createFakeTerminal } from "./fake-terminal.ts";

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command line as a user without credential files would. */
export async function run(words: readonly string[], options: { readonly input?: string; readonly state?: string } = {}): Promise<Ran> {
  const terminal = createFakeTerminal({ XDG_STATE_HOME: options.state ?? temporaryFolder(), HOME: "/nonexistent" }, options.input);
  const code = await runProgram(words, terminal);
  return { code, out: terminal.stdout(), err: terminal.stderr() };
}
