import type { RequestListener, ServerResponse } from "node:http";

export interface RunningRequests {
  /** To be given to the server in place of the listener that is watched. */
  readonly listener: RequestListener;
  /** Lets the requests that run come to their end, and their connections with them. Resolves when none runs, or after `graceMs`. */
  end(graceMs: number): Promise<void>;
}

/**
 * Knows when no request runs: node counts a connection on which nothing was sent yet as busy, and would wait for it. A client that keeps
 * a connection busy would be served for as long as it likes, so that an answer at the end also closes its connection.
 */
export function watchRequests(listener: RequestListener): RunningRequests {
  const running = new Set<ServerResponse>();
  let isEnding = false;
  let whenIdle: (() => void) | undefined;
  return {
    listener(incoming, outgoing) {
      running.add(outgoing);
      outgoing.shouldKeepAlive &&= !isEnding;
      outgoing.once("close", () => {
        running.delete(outgoing);
        if (running.size === 0) whenIdle?.();
      });
      listener(incoming, outgoing);
    },
    async end(graceMs) {
      isEnding = true;
      if (running.size === 0) return;
      // Without effect on an answer that has begun: then the next one on that connection is the last.
      for (const outgoing of running) outgoing.shouldKeepAlive = false;
      await new Promise<void>((done) => {
        const timer = setTimeout(done, graceMs);
        whenIdle = () => {
          clearTimeout(timer);
          done();
        };
      });
    },
  };
}
