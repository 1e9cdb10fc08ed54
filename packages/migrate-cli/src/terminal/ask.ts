import { createInterface } from "node:readline";
import { Writable } from "node:stream";

import { interruptedReading } from "./interrupted-reading.ts";

export interface Question {
  readonly prompt: string;
  /** What is typed is not shown. */
  readonly hidden: boolean;
}

/** Where it is asked. */
export interface AskedPerson {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly interrupt: AbortSignal;
  /** While a line is typed the terminal makes Ctrl-C a key like any other: no signal comes. */
  readonly onCtrlC: () => void;
}

/** One line from a terminal; empty where it was closed (Ctrl-D). @throws aborted, as soon as the user interrupts */
export async function ask({ prompt, hidden }: Question, { input, output, interrupt, onCtrlC }: AskedPerson): Promise<string> {
  if (interrupt.aborted) throw interruptedReading();
  const unseen = new Writable({ write: (_piece, _encoding, done) => done() });
  const lines = createInterface({ input, output: hidden ? unseen : output, terminal: true, historySize: 0, prompt: hidden ? "" : prompt });
  if (hidden) output.write(prompt);
  const over = new AbortController();
  const line = new Promise<string>((answer, fail) => {
    const stop = (): void => fail(interruptedReading());
    interrupt.addEventListener("abort", stop, { signal: over.signal });
    lines.once("SIGINT", () => {
      onCtrlC();
      stop();
    });
    lines.once("line", answer);
    lines.once("close", () => answer(""));
    lines.prompt();
  });
  try {
    return await line;
  } finally {
    over.abort();
    lines.close();
    if (hidden || interrupt.aborted) output.write("\n");
  }
}
