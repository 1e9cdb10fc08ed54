import type { Clock } from "@chartferry/core";

import type { Terminal } from "../terminal/terminal.ts";
import type { ProgressEvent } from "./progress-view.ts";
import { noticeOf, waitingLine } from "./progress-words.ts";

/** Milliseconds between two lines. */
const lineInterval = 5000;

/** A line every few seconds for a run that only looks: what it finds is told at its end. */
export function createLookingProgress(terminal: Pick<Terminal, "err">, clock: Pick<Clock, "now">): { event(event: ProgressEvent): void } {
  let [last, looked] = [clock.now(), 0];
  return {
    event(event) {
      if (event.type === "waiting") terminal.err(`${waitingLine(event, 0)}\n`);
      // The journal is only read.
      const notice = event.type === "journal" ? undefined : noticeOf(event);
      if (notice !== undefined) terminal.err(`${notice}\n`);
      if (event.type !== "version") return;
      looked++;
      if (clock.now() - last < lineInterval) return;
      last = clock.now();
      terminal.err(`${looked} looked at, ${event.totals.entries} versions of the source read\n`);
    },
  };
}
