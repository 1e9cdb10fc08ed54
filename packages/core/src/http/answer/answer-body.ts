import type { Dispatcher } from "undici";

/** The body of one answer as it comes. Lighter than a stream: most answers have one piece or none. */
export interface AnswerBody {
  /** The next piece; `undefined` at the end. One reader at a time. @throws what broke it off */
  read(): Promise<Uint8Array | undefined>;
  /** Nobody wants the rest: what is still on its way is broken off with its connection. */
  abandon(): void;
}

/** The other end of it, where the pieces arrive. */
export interface FillableBody extends AnswerBody {
  push(chunk: Uint8Array): void;
  end(): void;
  fail(error: Error): void;
}

/** A reader that is behind holds the connection back from here on. Bytes; as Node's own streams. */
const mostWaiting = 64 * 1024;

export function createBody(connection: Pick<Dispatcher.DispatchController, "pause" | "resume" | "abort">): FillableBody {
  let chunks: Uint8Array[] = [];
  let waiting = 0;
  let outcome: "open" | "ended" | Error = "open";
  let wake: (() => void) | undefined;
  const settle = (found: "ended" | Error): void => {
    if (outcome === "open") outcome = found;
    wake?.();
  };
  const take = (): Uint8Array | undefined => {
    if (outcome instanceof Error) throw outcome;
    const chunk = chunks.shift();
    waiting -= chunk?.byteLength ?? 0;
    if (waiting === 0 && outcome === "open") connection.resume();
    return chunk;
  };
  return {
    async read() {
      for (;;) {
        const chunk = take();
        if (chunk !== undefined || outcome !== "open") return chunk;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    push(chunk) {
      chunks.push(chunk);
      waiting += chunk.byteLength;
      if (waiting > mostWaiting) connection.pause();
      wake?.();
    },
    end: () => settle("ended"),
    fail: settle,
    abandon() {
      if (outcome !== "open") return;
      chunks = [];
      settle("ended");
      connection.abort(new Error("the rest of the answer is not wanted"));
    },
  };
}
