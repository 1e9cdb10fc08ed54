import type { Clock } from "@chartferry/core";

import type { Terminal } from "../terminal/terminal.ts";
import { jsonLines, logEvent } from "./json-log.ts";
import type { ProgressEvent } from "./progress-view.ts";
import { noticeOf, waitingLine } from "./progress-words.ts";

/** Milliseconds between two lines. */
const lineInterval = 5000;

type LookingProgress = { event(event: ProgressEvent): void };
type Output = Pick<Terminal, "err">;

/** A line every few seconds for a run that only looks: what it finds is told at its end. */
export function createLookingProgress(format: "text" | "json", terminal: Output, clock: Pick<Clock, "now">): LookingProgress {
  const tell = format === "json" ? inJson(terminal, clock) : inText(terminal);
  let [last, looked] = [clock.now(), 0];
  return {
    event(event) {
      // The journal is only read.
      if (event.type === "journal") return;
      if (event.type !== "version") return tell.event(event);
      looked++;
      if (clock.now() - last < lineInterval) return;
      last = clock.now();
      tell.progress(looked, event.totals.entries);
    },
  };
}

interface Telling extends LookingProgress {
  progress(looked: number, entries: number): void;
}

function inText(terminal: Output): Telling {
  return {
    event(event) {
      const line = event.type === "waiting" ? waitingLine(event, 0) : noticeOf(event);
      if (line !== undefined) terminal.err(`${line}\n`);
    },
    progress: (looked, entries) => terminal.err(`${looked} looked at, ${entries} versions of the source read\n`),
  };
}

/** What is counted as pushed here would be: the totals of a run that only looks are shown at its end. */
function inJson(terminal: Output, clock: Pick<Clock, "now">): Telling {
  const log = jsonLines(terminal, clock);
  return {
    event(event) {
      if (event.type === "waiting") log("warn", event);
      else if (event.type === "crawled") log("info", { type: event.type, entries: event.totals.entries });
      else logEvent(event, log);
    },
    progress: (looked, entries) => log("info", { type: "progress", looked, entries }),
  };
}
