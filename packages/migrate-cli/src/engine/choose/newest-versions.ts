import { compareVersionTexts } from "./version-order.ts";

/** The newest versions of each chart. Memory: their texts, and nothing of older ones. */
export interface NewestVersions {
  /** Whether the version is among the newest of its chart so far; a later one may still push it out. */
  add(chart: string, version: string): boolean;
  has(chart: string, version: string): boolean;
}

export function createNewestVersions(limit: number): NewestVersions {
  /** Newest first. */
  const byChart = new Map<string, string[]>();
  return {
    add(chart, version) {
      const versions = byChart.get(chart) ?? [];
      const place = placeOf(versions, version);
      if (versions[place] === version) return true;
      if (place >= limit) return false;
      versions.splice(place, 0, version);
      if (versions.length > limit) versions.pop();
      byChart.set(chart, versions);
      return true;
    },
    has(chart, version) {
      const versions = byChart.get(chart) ?? [];
      return versions[placeOf(versions, version)] === version;
    },
  };
}

/** Where the version stands, or would. */
function placeOf(newestFirst: readonly string[], version: string): number {
  let [low, high] = [0, newestFirst.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareVersionTexts(newestFirst[middle] ?? "", version) > 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
