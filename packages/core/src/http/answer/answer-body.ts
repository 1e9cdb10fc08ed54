import type { Dispatcher } from "undici";

import { createPieceList } from "../../piece-list.ts";

/** The body of one answer as it comes. Lighter than a stream: most answers have one piece or none. */
export interface AnswerBody {
  /** The next piece, or several small ones as one; `undefined` at the end. One reader at a time. @throws what broke it off */
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
  const waiting = createPieceList();
  let outcome: "open" | "ended" | Error = "open";
  let wake: (() => void) | undefined;
  const settle = (found: "ended" | Error): void => {
    if (outcome === "open") outcome = found;
    wake?.();
  };
  const take = (): Uint8Array | undefined => {
    if (outcome instanceof Error) throw outcome;
    const chunk = waiting.shift();
    if (waiting.size === 0 && outcome === "open") connection.resume();
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
      waiting.add(chunk);
      if (waiting.size > mostWaiting) connection.pause();
      wake?.();
    },
    end: () => settle("ended"),
    fail: settle,
    abandon() {
      if (outcome !== "open") return;
      waiting.takeAll();
      settle("ended");
      connection.abort(new Error("the rest of the answer is not wanted"));
    },
  };
}
