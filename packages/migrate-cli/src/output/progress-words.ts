import { printable } from "@chartferry/core";

import type { WaitingEvent } from "./progress-view.ts";
import type { StatusCounts, Totals } from "../engine/keep/report.ts";
import type { ProgressEvent } from "./progress-view.ts";

/** What is worth a line of its own while the run goes on; `waiting` has its own words, for it may be said already. */
export function noticeOf(event: ProgressEvent): string | undefined {
  if (event.type === "journal") return `journal: ${printable(event.path)}`;
  if (event.type === "note") return `warning: ${printable(event.note.text)}`;
  if (event.type === "interrupted")
    return `interrupted: finishing what is in flight, at most ${secondsText(event.graceMs)}; press Ctrl-C again to end at once`;
  if (event.type !== "target-stopped") return undefined;
  const hint = event.error.hint === undefined ? "" : `; ${printable(event.error.hint)}`;
  return `${printable(event.target)} is given up: ${printable(event.error.message)}${hint}`;
}

/** Why nothing seems to move. `inFlight` = versions at the host's end that wait for it. */
export function waitingLine({ host, milliseconds, reason }: WaitingEvent, inFlight: number): string {
  const cause = reason.includes(host) ? printable(reason) : `${printable(host)}: ${printable(reason)}`;
  const versions = inFlight > 0 ? `; ${inFlight} ${inFlight === 1 ? "version" : "versions"} in flight` : "";
  return `${cause}; waiting ${secondsText(milliseconds)}${versions}`;
}

/** Versions that the lanes know of. */
export function seen({ entries, excluded, problems }: Totals): number {
  return entries - excluded - problems;
}

/** Versions that a target has behind it, for better or worse. */
export function done(counts: StatusCounts | undefined): number {
  if (counts === undefined) return 0;
  return counts.pushed + counts.skipped + counts.failed + counts.refused + counts["not-attempted"];
}

export function countsLine(counts: StatusCounts | undefined): string {
  if (counts === undefined) return "nothing yet";
  const { pushed, skipped, failed, refused } = counts;
  const rest = counts["not-attempted"];
  return `${pushed} pushed, ${skipped} already there, ${failed} failed, ${refused} refused${rest > 0 ? `, ${rest} not attempted` : ""}`;
}

/** Decimal units, one digit. */
export function sizeText(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Whole seconds, rounded up: `30 s`. */
export function secondsText(milliseconds: number): string {
  return `${Math.ceil(milliseconds / 1000)} s`;
}
