import { ChartferryError, readTime, type SourceEntry } from "@chartferry/core";

import { matchesGlob } from "./glob.ts";
import { isPrerelease } from "./version-order.ts";
import { parseVersionRange } from "./version-range.ts";

/** Which entries of the source take part. Default: all. */
export interface Selection {
  /** Globs of `*` and `?`; empty = every chart. */
  readonly charts?: readonly string[];
  readonly exclude?: readonly string[];
  /** A range in Helm's dialect. */
  readonly versionRange?: string;
  /** Default: include. A range that names no pre-release leaves them out by itself. */
  readonly prerelease?: "include" | "exclude" | "only";
  /** Leaves out what the source marks as deprecated. */
  readonly skipDeprecated?: boolean;
  /** `created` at this time or later; milliseconds since 1970. Entries without a readable time are kept. */
  readonly since?: number;
  /** `created` at this time or earlier; milliseconds since 1970. Entries without a readable time are kept. */
  readonly until?: number;
  /** `created` at least so long ago, in milliseconds. Entries without a readable time are left out: their age is not known. */
  readonly minAgeMs?: number;
  /** The newest of each chart by Helm's order, of those that every other filter lets pass. */
  readonly latest?: number;
}

/** In the order in which they are applied: an entry counts for the first that leaves it out. */
export const selectionFilters = ["chart", "exclude", "version", "prerelease", "deprecated", "since", "until", "min-age", "latest"] as const;
export type SelectionFilter = (typeof selectionFilters)[number];

/** What a filter looks at. */
export type SelectableEntry = Pick<SourceEntry, "chart" | "version" | "created" | "deprecated">;

export interface EntryFilter {
  /** Those that were asked for, `latest` included. */
  readonly active: readonly SelectionFilter[];
  /** Whether a date was asked for, so that a missing `created` matters. */
  readonly byDate: boolean;
  readonly latest: number | undefined;
  /** The first filter that leaves the entry out; `undefined` = none. `latest`, which needs all entries, is not among them. */
  leftOutBy(entry: SelectableEntry): SelectionFilter | undefined;
}

type Tests = Readonly<Partial<Record<SelectionFilter, (entry: SelectableEntry) => boolean>>>;

/** `now` is in milliseconds since 1970. @throws usage when the range cannot be read */
export function createEntryFilter(selection: Selection, now: number): EntryFilter {
  const tests: Tests = { ...nameTests(selection), ...kindTests(selection), ...dateTests(selection, now) };
  const active = selectionFilters.filter((filter) => filter in tests || (filter === "latest" && selection.latest !== undefined));
  return {
    active,
    latest: selection.latest,
    byDate: ["since", "until", "min-age"].some((filter) => filter in tests),
    leftOutBy: (entry) => active.find((filter) => tests[filter]?.(entry) === false),
  };
}

function nameTests({ charts = [], exclude = [], versionRange }: Selection): Tests {
  const inRange = versionRange === undefined ? undefined : readRange(versionRange);
  return {
    ...(charts.length === 0 ? {} : { chart: ({ chart }) => charts.some((glob) => matchesGlob(glob, chart)) }),
    ...(exclude.length === 0 ? {} : { exclude: ({ chart }) => !exclude.some((glob) => matchesGlob(glob, chart)) }),
    ...(inRange === undefined ? {} : { version: ({ version }) => inRange(version) }),
  };
}

function kindTests({ prerelease = "include", skipDeprecated = false }: Selection): Tests {
  return {
    ...(prerelease === "include" ? {} : { prerelease: ({ version }) => isPrerelease(version) === (prerelease === "only") }),
    ...(skipDeprecated ? { deprecated: ({ deprecated }) => deprecated !== true } : {}),
  };
}

function dateTests({ since, until, minAgeMs }: Selection, now: number): Tests {
  return {
    ...(since === undefined ? {} : { since: ({ created }) => (createdAt(created) ?? since) >= since }),
    ...(until === undefined ? {} : { until: ({ created }) => (createdAt(created) ?? until) <= until }),
    ...(minAgeMs === undefined ? {} : { "min-age": ({ created }) => (createdAt(created) ?? Number.POSITIVE_INFINITY) <= now - minAgeMs }),
  };
}

/** Milliseconds since 1970; `undefined` = the source gives no time that can be read. */
export function createdAt(created: string | undefined): number | undefined {
  const seconds = created === undefined ? undefined : readTime(created);
  return seconds === undefined ? undefined : seconds * 1000;
}

function readRange(text: string): (version: string) => boolean {
  const range = parseVersionRange(text);
  if (range !== undefined) return range;
  throw new ChartferryError(`not a version range: ${JSON.stringify(text.slice(0, 200))}`, {
    code: "usage",
    operation: "read version range",
    hint: "write a range as Helm does, such as '>=1.2 <2' or '^1.4 || 3.x'",
  });
}
