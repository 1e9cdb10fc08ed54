import { printable } from "@chartferry/core";

import type { Totals } from "../engine/report.ts";
import type { Progress, ProgressOptions } from "./progress-view.ts";
import { seen, noticeOf, countsLine } from "./progress-words.ts";

/** Milliseconds between two lines where there is no live view. */
const lineInterval = 5000;

/** A live view on a terminal, else a plain line every few seconds, or one JSON object a line. */
export async function createProgress(options: ProgressOptions): Promise<Progress> {
  if (options.logFormat === "json") return createJsonLog(options);
  if (options.terminal.live === undefined) return createPlainLines(options);
  const { createLiveView } = await import("./live-view.ts");
  return createLiveView(options.terminal.live, options);
}

function createPlainLines({ terminal, clock, targets }: ProgressOptions): Progress {
  let last = clock.now();
  const show = (totals: Totals): void => {
    for (const target of targets) terminal.err(`${printable(target)}: ${countsLine(totals.targets[target])} of ${seen(totals)} seen\n`);
  };
  return {
    event(event) {
      const notice = noticeOf(event);
      if (notice !== undefined) terminal.err(`${notice}\n`);
      if (event.type !== "version" || clock.now() - last < lineInterval) return;
      last = clock.now();
      show(event.totals);
    },
    stop() {},
  };
}

/** Every version that did not arrive, and the figures every few seconds. */
function createJsonLog({ terminal, clock }: ProgressOptions): Progress {
  let last = clock.now();
  const log = (level: string, facts: object): void =>
    terminal.err(`${JSON.stringify({ time: new Date(clock.now()).toISOString(), level, ...facts })}\n`);
  return {
    event(event) {
      if (event.type === "journal") log("info", event);
      else if (event.type === "crawled") log("info", { type: "crawled", totals: event.totals });
      else if (event.type === "target-stopped")
        log("error", { type: event.type, target: event.target, code: event.error.code, message: event.error.message });
      else {
        if (event.record.status !== "pushed" && event.record.status !== "skipped") log("warn", { type: "version", ...event.record });
        if (clock.now() - last < lineInterval) return;
        last = clock.now();
        log("info", { type: "progress", totals: event.totals });
      }
    },
    stop() {},
  };
}
