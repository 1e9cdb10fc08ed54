import { printable } from "@chartferry/core";

import type { ReportHead } from "../engine/keep/report.ts";

/** What the source names, and what each filter left of it. */
export function sourceLines({ run, totals }: Pick<ReportHead, "run"> & { readonly totals: SourceTotals }): string[] {
  const { entries, excludedBy, problems } = totals;
  let left = entries;
  const filters = Object.entries(excludedBy).map(
    ([filter, count = 0]) => `  --${flagOf(filter)} leaves ${(left -= count)} (${count} left out)`,
  );
  return [`${printable(run.source)}: ${entries} versions${problems > 0 ? `, ${problems} of them unusable` : ""}`, ...filters];
}

interface SourceTotals {
  readonly entries: number;
  readonly excludedBy: Readonly<Partial<Record<string, number>>>;
  readonly problems: number;
}

/** Filters are named as their options are, but for this one. */
function flagOf(filter: string): string {
  return filter === "deprecated" ? "skip-deprecated" : filter;
}

/** Remarks on the run as a whole, and how it ended where it did not end well. */
export function endLines({ run }: Pick<ReportHead, "run">): string[] {
  const notes = run.notes.map(({ code, text }) => `note: ${printable(code)}: ${printable(text)}`);
  if (run.end === "interrupted") return [...notes, "interrupted: what was not seen is not told"];
  if (run.problem === undefined) return notes;
  const { code, message, hint } = run.problem;
  return [...notes, `the source broke off: ${printable(message)} [${code}]`, ...(hint === undefined ? [] : [`  try: ${printable(hint)}`])];
}
