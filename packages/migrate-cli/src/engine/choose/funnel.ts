import { type Note, quote } from "@chartferry/core";

import { type EntryFilter, createdAt, type SelectableEntry, type SelectionFilter } from "./select-entries.ts";

/** How many entries each filter left out. */
export type ExclusionCounts = Readonly<Partial<Record<SelectionFilter, number>>>;

/** What became of the source's entries on the way from the index to the work: filled while they are chosen. */
export interface Funnel {
  /** Everything that the source names, unreadable entries included. */
  entries: number;
  /** Left out by the selection. */
  excluded: number;
  /** Of these, by each filter that was asked for, in the order in which they are applied; each entry counts once. */
  readonly excludedBy: Partial<Record<SelectionFilter, number>>;
  /** Entries whose time a date filter asked for and did not find. */
  undated: number;
  /** Charts that are to be renamed and have not come. */
  readonly missing: Set<string>;
  /** Whether the source was read to its end. */
  whole: boolean;
}

export function createFunnel(active: EntryFilter["active"] = [], renamed: Iterable<string> = []): Funnel {
  const excludedBy = Object.fromEntries(active.map((filter) => [filter, 0]));
  return { entries: 0, excluded: 0, excludedBy, undated: 0, missing: new Set(renamed), whole: false };
}

/** Counts the entry, and tells whether it goes on. */
export function passes(filter: EntryFilter, entry: SelectableEntry, funnel: Funnel): boolean {
  funnel.entries++;
  funnel.missing.delete(entry.chart);
  if (filter.byDate && createdAt(entry.created) === undefined) funnel.undated++;
  const by = filter.leftOutBy(entry);
  if (by !== undefined) leaveOut(funnel, by);
  return by === undefined;
}

export function leaveOut(funnel: Funnel, by: SelectionFilter): void {
  funnel.excluded++;
  funnel.excludedBy[by] = (funnel.excludedBy[by] ?? 0) + 1;
}

/** Remarks on selection and mapping as a whole. */
export function funnelNotes(funnel: Funnel): Note[] {
  const { missing, whole, undated, excludedBy } = funnel;
  const notes: Note[] = [];
  if (undated > 0) notes.push({ code: "created-missing", text: undatedText(undated, excludedBy) });
  if (whole && missing.size > 0) {
    const names = [...missing].map((name) => quote(name)).join(", ");
    notes.push({
      code: "rename-unused",
      text: `the source has no chart ${names}: --rename takes the exact name, upper and lower case told apart`,
    });
  }
  return notes;
}

function undatedText(undated: number, excludedBy: ExclusionCounts): string {
  const kept = "since" in excludedBy || "until" in excludedBy ? ["--since and --until keep them"] : [];
  const leftOut = "min-age" in excludedBy ? ["--min-age leaves them out, since their age is not known"] : [];
  return `the source gives no time for ${undated} of its entries: ${[...kept, ...leftOut].join("; ")}`;
}
