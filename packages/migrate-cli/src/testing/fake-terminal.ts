import type { Terminal } from "../terminal/terminal.ts";

export interface FakeTerminal extends Terminal {
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly press: () => void;
}

/** A terminal that keeps what is written to it. */
export function createFakeTerminal(environment: Terminal["environment"] = {}, input = ""): FakeTerminal {
  let [stdout, stderr] = ["", ""];
  const interrupt = new AbortController();
  return {
    out: (text) => void (stdout += text),
    outPieces: async (pieces) => {
      for (const piece of pieces) stdout += piece;
    },
    err: (text) => void (stderr += text),
    live: undefined,
    readInput: () => Promise.resolve(input),
    environment,
    interrupt: interrupt.signal,
    abort: new AbortController().signal,
    stdout: () => stdout,
    stderr: () => stderr,
    press: () => interrupt.abort(),
  };
}
