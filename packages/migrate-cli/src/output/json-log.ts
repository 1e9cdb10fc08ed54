import type { Clock } from "@chartferry/core";

import type { RunFigures } from "../engine/keep/run-figures.ts";
import type { VersionRecord } from "../engine/work-item.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { createCadence } from "./cadence.ts";
import { createPauses } from "./pauses.ts";
import { inFlightAt } from "./plain-lines.ts";
import type { ProgressView, ProgressEvent, ProgressOptions } from "./progress-view.ts";

/** How often it is looked whether figures are due. Milliseconds. */
const tick = 1000;

type Level = "info" | "warn" | "error";

/** One JSON object a line: whatever is worth a line, every version that did not arrive, and the figures every few seconds. */
export function createJsonLog({ terminal, clock, every, targets, everyVersion = false }: ProgressOptions): ProgressView {
  const pauses = createPauses(clock);
  const cadence = createCadence(clock);
  let figures: (() => RunFigures) | undefined;
  const log = jsonLines(terminal, clock);
  const cancel = every(tick, () => {
    const now = figures?.();
    if (!cadence.isDue(JSON.stringify([now?.totals, now?.crawled]))) return;
    const waiting = pauses.current().map(({ end, target, host, leftMs }) => ({ end, target, host, milliseconds: leftMs }));
    if (now === undefined) log("info", { type: "connecting", targets, waiting });
    else log("info", { type: "progress", totals: now.totals, inFlight: now.inFlight, connecting: now.connecting, waiting });
  });
  return {
    event(event) {
      if (event.type === "started") figures = event.figures;
      else if (event.type === "version") logVersion(event.record, { log, everyVersion });
      else if (event.type !== "waiting") logEvent(event, log);
      else if (pauses.isNews(event)) log("warn", { ...event, inFlight: inFlightAt(event.target, figures?.()) });
    },
    stop: cancel,
  };
}

/** Writes facts as one line, with the time and how grave they are. */
export type LogLine = (level: Level, facts: object) => void;

export function jsonLines(terminal: Pick<Terminal, "err">, clock: Pick<Clock, "now">): LogLine {
  return (level, facts) => terminal.err(`${JSON.stringify({ time: new Date(clock.now()).toISOString(), level, ...facts })}\n`);
}

function logVersion(record: VersionRecord, { log, everyVersion }: { readonly log: LogLine; readonly everyVersion: boolean }): void {
  const arrived = record.status === "pushed" || record.status === "skipped";
  if (arrived && !everyVersion) return;
  log(arrived && record.notes.length === 0 ? "info" : "warn", { type: "version", ...record });
}

/** What is worth a line, whatever the run does with the versions. */
export function logEvent(event: ProgressEvent, log: LogLine): void {
  if (event.type === "journal") log("info", event);
  else if (event.type === "interrupted") log("warn", event);
  else if (event.type === "note") log("warn", { type: event.type, ...event.note });
  else if (event.type === "crawled") log("info", { type: event.type, totals: event.totals });
  else if (event.type === "target-stopped")
    log("error", { type: event.type, target: event.target, code: event.error.code, message: event.error.message });
}
