import type { Terminal } from "../terminal/terminal.ts";

export interface FakeTerminal extends Terminal {
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly press: () => void;
  /** What the user was asked. */
  readonly prompts: readonly string[];
}

/** A terminal that keeps what is written to it. */
export function createFakeTerminal(environment: Terminal["environment"] = {}, input = ""): FakeTerminal {
  let [stdout, stderr] = ["", ""];
  const interrupt = new AbortController();
  const prompts: string[] = [];
  return {
    out: (text) => void (stdout += text),
    outPieces: async (pieces) => {
      for (const piece of pieces) stdout += piece;
    },
    err: (text) => void (stderr += text),
    live: undefined,
    readPassword: (prompt) => {
      prompts.push(prompt);
      return Promise.resolve(input);
    },
    prompts,
    ask: undefined,
    openFile: (path) => Promise.resolve(path),
    environment,
    interrupt: interrupt.signal,
    abort: new AbortController().signal,
    stdout: () => stdout,
    stderr: () => stderr,
    press: () => interrupt.abort(),
  };
}
