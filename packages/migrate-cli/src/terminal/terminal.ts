import { setMaxListeners } from "node:events";
import { isatty } from "node:tty";

import type { NamedFile } from "@chartferry/core";

import { exitCodes } from "../exit-codes.ts";
import { ask, type AskedPerson, type Question } from "./ask.ts";
import { createFileOpener } from "./open-file.ts";
import { readStream } from "./read-stream.ts";
import { screenOf, type Screen } from "./screen.ts";
import { watchOutput } from "./watch-output.ts";
import { writePieces } from "./write-pieces.ts";

/** What a command may touch of the outside; tests bring their own. */
export interface Terminal {
  /** Data only. */
  out(text: string): void;
  /** The same for a document of any length: resolves when the last piece is on its way. */
  outPieces(pieces: Iterable<string>): Promise<void>;
  /** Progress, warnings and errors. */
  err(text: string): void;
  /** For a live view; undefined where stderr is no terminal of usable width. */
  readonly live: Screen | undefined;
  /** A password: asked for on a terminal, where it is not shown, else everything that stands on stdin. @throws aborted, as soon as the user interrupts */
  readPassword(prompt: string): Promise<string>;
  /** One line from whoever sits there; undefined where nobody does, because stdin is no terminal. @throws aborted */
  readonly ask: ((question: Question) => Promise<string>) | undefined;
  /** A file that the user named; what stands in a pipe is read at once. @throws aborted, as soon as the user interrupts; file-unreadable */
  openFile(path: string): Promise<NamedFile>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The first interruption (SIGINT, SIGTERM, or SIGHUP when a terminal goes away): finish what is begun. */
  readonly interrupt: AbortSignal;
  /** The second: end at once. */
  readonly abort: AbortSignal;
}

/** The real terminal. */
export function processTerminal(): Terminal {
  const { interrupt, abort, onSignal } = watchSignals();
  const { stdout, stderr, env } = process;
  // At the exit: the command may yet set the code that it would have ended with.
  watchOutput({ stdout, stderr }, () => process.once("exit", () => (process.exitCode = exitCodes.usage)));
  return {
    out: (text) => void stdout.write(text),
    outPieces: (pieces) => writePieces(stdout, pieces),
    err: (text) => void stderr.write(text),
    live: screenOf(stderr, env),
    // Stdin is not touched before: whoever never reads it need not wait for its end.
    readPassword: (prompt) => readPassword(prompt, { input: process.stdin, output: stderr, interrupt, onCtrlC: onSignal }),
    ask: isatty(0) ? (question) => ask(question, { input: process.stdin, output: stderr, interrupt, onCtrlC: onSignal }) : undefined,
    openFile: createFileOpener(interrupt),
    environment: env,
    interrupt,
    abort,
  };
}

function watchSignals(): { interrupt: AbortSignal; abort: AbortSignal; onSignal: () => void } {
  const [interrupt, abort] = [new AbortController(), new AbortController()];
  // Every request in flight may listen: that many are no leak.
  setMaxListeners(0, interrupt.signal, abort.signal);
  const onSignal = (): void => (interrupt.signal.aborted ? abort : interrupt).abort();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  return { interrupt: interrupt.signal, abort: abort.signal, onSignal };
}

/** Bytes; tokens of some clouds have a few thousand. */
const passwordLimit = 64 * 1024;

async function readPassword(prompt: string, person: AskedPerson & { readonly input: NodeJS.ReadStream }): Promise<string> {
  const { input, interrupt } = person;
  if (input.isTTY) return ask({ prompt, hidden: true }, person);
  return (await readStream(input, { name: "stdin", limitBytes: passwordLimit, interrupt })).toString();
}
