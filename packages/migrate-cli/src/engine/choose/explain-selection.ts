import { printable, type Note } from "@chartferry/core";

import { matchesGlob } from "./glob.ts";
import { createEntryFilter, type EntryFilter, type Selection, type SelectionFilter } from "./select-entries.ts";

/** A selection that remembers enough to say afterwards why it found nothing. */
export interface WatchedSelection {
  readonly filter: EntryFilter;
  /** What a user would want to know of a source that was read to its end. */
  notes(): Note[];
}

/** Names of charts remembered for suggestions: beyond that many nobody reads them, and a source may have any number. */
const mostNames = 2000;
/** Names given in one suggestion. */
const namesShown = 5;

/** `now` is in milliseconds since 1970. @throws usage when the range cannot be read */
export function watchSelection(selection: Selection, now: number): WatchedSelection {
  const { charts = [] } = selection;
  const filter = createEntryFilter(selection, now);
  const names = new Set<string>();
  const unmatched = new Set(charts);
  let [seen, selected] = [0, 0];
  const leftOutBy: EntryFilter["leftOutBy"] = (entry) => {
    seen++;
    if (entry.chart !== "" && names.size < mostNames) names.add(entry.chart);
    for (const glob of unmatched) if (matchesGlob(glob, entry.chart)) unmatched.delete(glob);
    const by = filter.leftOutBy(entry);
    if (by === undefined) selected++;
    return by;
  };
  return {
    filter: { ...filter, leftOutBy },
    notes() {
      if (seen === 0) return [{ code: "index-empty", text: "the source has no versions: its index is empty" }];
      const missing = [...unmatched].map((glob) => ({ code: "chart-not-found", text: notFound(glob, names) }));
      if (selected > 0) return missing;
      const text = `none of the ${seen} versions of the source is selected${unmatched.size > 0 ? "" : ruledOut(selection, filter.active)}`;
      return [{ code: "nothing-selected", text }, ...missing];
    },
  };
}

function notFound(glob: string, names: ReadonlySet<string>): string {
  const near = nearest(glob, [...names]).map((name) => printable(name, 100));
  const what = names.size > namesShown ? "the nearest names are" : "the source has";
  return `no chart of the source matches ${JSON.stringify(printable(glob, 200))}; ${what} ${near.join(", ")}`;
}

/** Which parts of the selection are left to blame when every chart that was named is there. */
function ruledOut({ versionRange = "" }: Selection, active: readonly SelectionFilter[]): string {
  const blamed: Readonly<Record<SelectionFilter, string | undefined>> = {
    chart: undefined,
    exclude: "the charts that are not excluded",
    version: `the range ${JSON.stringify(printable(versionRange, 200))}`,
    prerelease: "--prerelease",
    deprecated: "--skip-deprecated",
    since: "--since",
    until: "--until",
    "min-age": "--min-age",
    latest: undefined,
  };
  const reasons = active.flatMap((filter) => blamed[filter] ?? []);
  return reasons.length === 0 ? "" : `: look at ${reasons.join(" and at ")}`;
}

function nearest(glob: string, names: readonly string[]): string[] {
  const wanted = glob.replaceAll(/[*?]/g, "").toLowerCase();
  const ranked = names.map((name) => ({ name, distance: distanceOf(wanted, name.toLowerCase()) }));
  return ranked
    .toSorted((left, right) => left.distance - right.distance || (left.name < right.name ? -1 : 1))
    .slice(0, namesShown)
    .map(({ name }) => name);
}

/** Longer names are compared by their beginnings: the work grows with both lengths. */
const comparedLength = 64;

/** Edits from one name to the other; a name that holds the wanted one is nearer than any that does not. */
function distanceOf(wanted: string, name: string): number {
  if (wanted !== "" && name.includes(wanted)) return (name.length - wanted.length) / 1000;
  return 1 + edits(wanted.slice(0, comparedLength), name.slice(0, comparedLength));
}

/** Levenshtein, one row at a time. */
function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [place, letter] of from.split("").entries()) {
    const next = [place + 1];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (to[column - 1] === letter ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
