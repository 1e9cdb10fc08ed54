import { ChartferryError, type SourceEntry } from "@chartferry/core";

import { matchesGlob } from "./glob.ts";
import { parseVersionRange } from "./version-range.ts";

/** Which entries of the source take part. Default: all. */
export interface Selection {
  /** Globs of `*` and `?`; empty = every chart. */
  readonly charts?: readonly string[];
  readonly exclude?: readonly string[];
  /** A range in Helm's dialect. */
  readonly versionRange?: string;
}

export type EntryTest = (entry: Pick<SourceEntry, "chart" | "version">) => boolean;

/** @throws usage when the range cannot be read */
export function selectEntries(selection: Selection): EntryTest {
  const { charts = [], exclude = [] } = selection;
  const inRange = readRange(selection.versionRange);
  return ({ chart, version }) =>
    (charts.length === 0 || charts.some((glob) => matchesGlob(glob, chart))) &&
    !exclude.some((glob) => matchesGlob(glob, chart)) &&
    inRange(version);
}

function readRange(text: string | undefined): (version: string) => boolean {
  if (text === undefined) return () => true;
  const range = parseVersionRange(text);
  if (range !== undefined) return range;
  throw new ChartferryError(`not a version range: ${JSON.stringify(text.slice(0, 200))}`, {
    code: "usage",
    operation: "read version range",
    hint: "write a range as Helm does, such as '>=1.2 <2' or '^1.4 || 3.x'",
  });
}
