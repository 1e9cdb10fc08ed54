import { foldedKey } from "../chart/folded-key.ts";
import type { ChartList } from "./repeated-yaml-keys.ts";
import { isMap } from "./parsed-value.ts";

/** Names by their folded form. */
type Names = ReadonlyMap<string, string>;

function namesOf(names: readonly string[]): Names {
  return new Map(names.map((name) => [foldedKey(name), name]));
}

const topNames = namesOf(["apiVersion", "entries"]);
const entryNames = namesOf([
  "appVersion",
  "created",
  "dependencies",
  "deprecated",
  "digest",
  "name",
  "removed",
  "repository",
  "type",
  "urls",
  "version",
]);
/** What else stands in most entries: not worth folding. */
const otherNames: ReadonlySet<string> = new Set([
  "annotations",
  "apiVersion",
  "condition",
  "description",
  "home",
  "icon",
  "keywords",
  "kubeVersion",
  "maintainers",
  "sources",
  "tags",
]);

/** A top-level key as Helm understands it: Go takes `Entries` for `entries`. */
export function topKey(key: string): string {
  return topNames.get(foldedKey(key)) ?? key;
}

/**
 * The fields of an entry or a dependency under their own names; of several keys that are one to Go the last in byte order counts, since Helm
 * sorts them on their way from YAML. Without prototype: a key named like a method of Object is a key, nothing else.
 */
export function entryFields(map: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const fields: Record<string, unknown> = { __proto__: null, ...map };
  const taken = new Map<string, string>();
  for (const key of Object.keys(map)) {
    const name = otherNames.has(key) ? undefined : entryNames.get(foldedKey(key));
    if (name === undefined || (taken.get(name) ?? "") > key) continue;
    taken.set(name, key);
    fields[name] = map[key];
  }
  return fields;
}

/** The top level of an index that was parsed as a whole, under the names that Helm knows; several maps of entries as a list of their charts. */
export function topFields(map: Readonly<Record<string, unknown>>): { topLevel: Record<string, unknown>; lists: ChartList[] | undefined } {
  const topLevel: Record<string, unknown> = Object.create(null);
  const entries: unknown[] = [];
  for (const [key, value] of Object.entries(map)) {
    const name = topKey(key);
    if (name === "entries") entries.push(value);
    topLevel[name] = value;
  }
  if (entries.length < 2) return { topLevel, lists: undefined };
  const lists = entries.flatMap((charts) => Object.entries(isMap(charts) ? charts : {}));
  return { topLevel, lists: lists.map(([chart, value]) => ({ chart, value })) };
}
