import { setMaxListeners } from "node:events";

/** What a command may touch of the outside; tests bring their own. */
export interface Terminal {
  /** Data only. */
  out(text: string): void;
  /** Progress, warnings and errors. */
  err(text: string): void;
  /** For a live view; undefined where stderr is no terminal of usable width. */
  readonly live: NodeJS.WritableStream | undefined;
  /** Everything that stands on stdin. */
  readInput(limitBytes: number): Promise<string>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The first interruption (SIGINT, SIGTERM): finish what is begun. */
  readonly interrupt: AbortSignal;
  /** The second: end at once. */
  readonly abort: AbortSignal;
}

/** The real terminal. `columns` may be 0 under some pseudo-terminals, where progress bars loop for ever: that counts as none. */
export function processTerminal(): Terminal {
  const { interrupt, abort } = watchSignals();
  const { stdout, stderr, env } = process;
  for (const stream of [stdout, stderr]) stream.on("error", ignoreClosedPipe);
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    live: stderr.isTTY && stderr.columns > 0 && env["TERM"] !== "dumb" ? stderr : undefined,
    readInput,
    environment: env,
    interrupt,
    abort,
  };
}

function watchSignals(): { interrupt: AbortSignal; abort: AbortSignal } {
  const [interrupt, abort] = [new AbortController(), new AbortController()];
  // Every request in flight may listen: that many are no leak.
  setMaxListeners(0, interrupt.signal, abort.signal);
  const onSignal = (): void => (interrupt.signal.aborted ? abort : interrupt).abort();
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return { interrupt: interrupt.signal, abort: abort.signal };
}

/** `chartferry … | head` is no failure. */
function ignoreClosedPipe(error: Error): void {
  if (!("code" in error) || error.code !== "EPIPE") throw error;
}

async function readInput(limitBytes: number): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of process.stdin) {
    const bytes = Buffer.from(piece);
    size += bytes.byteLength;
    if (size > limitBytes) throw new RangeError(`more than ${limitBytes} bytes on stdin`);
    pieces.push(bytes);
  }
  return Buffer.concat(pieces).toString();
}
