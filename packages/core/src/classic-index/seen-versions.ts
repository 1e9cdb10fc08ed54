import { clearVersions, createVersionSet, knowsVersion, rememberVersion, type VersionSet } from "./version-set.ts";

/** Finds the charts that an index names again after others came between: their versions must be remembered all along. */
export interface ChartWatch {
  /** Called with each chart in turn, once or for each of its versions. */
  pass(chart: string): void;
  readonly repeated: VersionSet;
}

export function watchCharts(): ChartWatch {
  const [named, repeated] = [createVersionSet(), createVersionSet()];
  let current: string | undefined;
  return {
    pass(chart) {
      if (chart === current) return;
      current = chart;
      if (rememberVersion(named, chart, "") !== "new") rememberVersion(repeated, chart, "");
    },
    repeated,
  };
}

/**
 * The versions seen so far that may come once more with this chart. An index gives a chart's versions together, so those of one chart are
 * all that is kept, whatever the number of charts.
 */
export function createSeenVersions(repeated: VersionSet): (chart: string) => VersionSet {
  const [lasting, own] = [createVersionSet(), createVersionSet()];
  let [current, seen]: [string | undefined, VersionSet] = [undefined, own];
  return (chart) => {
    if (chart === current) return seen;
    current = chart;
    seen = knowsVersion(repeated, chart) ? lasting : own;
    if (seen === own) clearVersions(own);
    return seen;
  };
}
