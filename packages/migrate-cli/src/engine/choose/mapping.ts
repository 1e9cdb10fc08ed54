import { ChartferryError, repositoryProblem } from "@chartferry/core";

/** What becomes of a version's leading `v`, which no range of Helm's finds: kept, cut off, or both tags on one manifest. */
export type VPrefix = "keep" | "strip" | "both";

/** A chart's exact name at the source, and the last part of its repository at the target. */
export interface Rename {
  readonly from: string;
  readonly to: string;
}

export interface MappingOptions {
  readonly renames?: readonly Rename[];
  /** Default: keep. */
  readonly vPrefix?: VPrefix;
}

export interface ChartVersion {
  readonly chart: string;
  readonly version: string;
}

/** How names and tags at the targets are derived from the source's. Only they change: never the chart, its metadata or its bytes. */
export interface Mapping {
  /** Equal for equal mappings; part of the journal's key. */
  readonly key: string;
  /** Whether two entries of a source may meet at one tag because of it. */
  readonly merges: boolean;
  /** Charts that go by another name. */
  readonly renamed: Iterable<string>;
  /** Names, old and new, that say whether two charts of a source meet in one repository. */
  readonly watched: ReadonlySet<string>;
  /** The last part of the repository. */
  nameOf(chart: string): string;
  /** What a version is called at the targets; the first is the one that Helm finds by range. */
  versionsOf(version: string): readonly [string, ...string[]];
  /** Every other chart and version that would have one of this one's tags, were it in the source. */
  rivalsOf(entry: ChartVersion): ChartVersion[];
  /** Other charts that would go by the name which this one is given, were they in the source. Another spelling of it is no other chart. */
  namesakesOf(chart: string): string[];
}

/** @throws usage: a name that no registry takes, or a chart that is renamed twice */
export function createMapping({ renames = [], vPrefix = "keep" }: MappingOptions = {}): Mapping {
  const names = readRenames(renames);
  const nameOf = (chart: string): string => names.get(chart) ?? chart;
  const versionsOf = (version: string): readonly [string, ...string[]] => {
    if (vPrefix === "keep" || !hasPrefix(version)) return [version];
    return vPrefix === "strip" ? [version.slice(1)] : [version.slice(1), version];
  };
  return {
    key: mappingKey(names, vPrefix),
    merges: names.size > 0 || vPrefix !== "keep",
    renamed: [...names.keys()],
    watched: new Set([...names.keys(), ...names.values()]),
    nameOf,
    versionsOf,
    rivalsOf({ chart, version }) {
      const name = nameOf(chart);
      const charts = [name, ...names.keys()].filter((other) => nameOf(other) === name);
      const bare = hasPrefix(version) ? version.slice(1) : version;
      const versions = vPrefix === "keep" ? [version] : [bare, `v${bare}`];
      const all = [...new Set(charts)].flatMap((other) => versions.map((text) => ({ chart: other, version: text })));
      return all.filter((other) => other.chart !== chart || other.version !== version);
    },
    namesakesOf(chart) {
      const name = names.get(chart);
      if (name === undefined) return [];
      const others = [...new Set([name, ...names.keys()])].filter((other) => nameOf(other) === name);
      return others.filter((other) => other.toLowerCase() !== chart.toLowerCase());
    },
  };
}

function hasPrefix(version: string): boolean {
  return /^v[0-9]/.test(version);
}

function mappingKey(names: ReadonlyMap<string, string>, vPrefix: VPrefix): string {
  if (names.size === 0 && vPrefix === "keep") return "plain";
  return JSON.stringify({ vPrefix, renames: [...names].toSorted(([left], [right]) => (left < right ? -1 : 1)) });
}

function readRenames(renames: readonly Rename[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { from, to } of renames) {
    const problem = to.includes("/") ? "it is one part of a path, without slash" : repositoryProblem(to);
    if (problem !== undefined) throw usage(`${from} cannot be renamed to ${to}: ${problem}`, "write --rename FROM=to, in lower case");
    if ((names.get(from) ?? to) !== to) throw usage(`${from} is renamed to ${names.get(from) ?? ""} and to ${to}`, "rename a chart once");
    names.set(from, to);
  }
  return names;
}

function usage(message: string, hint: string): ChartferryError {
  return new ChartferryError(message, { code: "usage", operation: "read names", hint });
}
