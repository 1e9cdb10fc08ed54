import { printable } from "@chartferry/core";

import type { MigrateEvent } from "../engine/migrate-options.ts";
import type { StatusCounts, Totals } from "../engine/report.ts";

/** What is worth a line of its own while the run goes on. */
export function noticeOf(event: MigrateEvent): string | undefined {
  if (event.type === "journal") return `journal: ${printable(event.path)}`;
  if (event.type !== "target-stopped") return undefined;
  const hint = event.error.hint === undefined ? "" : `; ${printable(event.error.hint)}`;
  return `${printable(event.target)} is given up: ${printable(event.error.message)}${hint}`;
}

/** Versions that the lanes know of. */
export function seen({ entries, excluded, problems }: Totals): number {
  return entries - excluded - problems;
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
