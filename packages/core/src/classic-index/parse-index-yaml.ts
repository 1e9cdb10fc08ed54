import { FAILSAFE_SCHEMA, load, Type, YAMLException } from "js-yaml";

import { asGoReads } from "../chart/go-scalars.ts";
import { type ChartList, watchEntries } from "./repeated-yaml-keys.ts";

/** Every scalar stays its source text, so that `version: 1.10` is not turned into 1.1; merge keys work as hand-written indexes expect. */
const schema = FAILSAFE_SCHEMA.extend({
  implicit: [new Type("tag:yaml.org,2002:merge", { kind: "scalar", resolve: (text: unknown) => text === "<<" })],
});

export interface ParsedYaml {
  readonly value: unknown;
  /** Some mapping names a key twice; the last one is kept. */
  readonly duplicateKeys: boolean;
  /** Where a key stands twice: every list below `entries`, in order, as far as they can be told. */
  readonly lists?: readonly ChartList[] | undefined;
}

/** The one place that knows the YAML parser. @throws YAMLException, RangeError on absurd nesting */
export function parseIndexYaml(source: string): ParsedYaml {
  const text = asHelmReads(source);
  try {
    return { value: load(text, { schema }), duplicateKeys: false };
  } catch (error) {
    if (!(error instanceof YAMLException) || error.reason !== "duplicated mapping key") throw error;
    const watch = watchEntries();
    return { value: load(text, { schema, json: true, listener: watch.listener }), duplicateKeys: true, lists: watch.lists() };
  }
}

/** A block text that the end of the file cuts off has no line break at its end. */
function asHelmReads(text: string): string {
  if (/[\r\n]$/.test(text.slice(-1)) || !/[|>]/.test(text)) return text;
  try {
    return asGoReads(text, whole, (document, listener) => load(document, { schema, json: true, listener }));
  } catch {
    return text;
  }
}

function whole(text: string): string {
  return text;
}

/** Why a text did not parse, with its line counted from `firstLine`; the parser's excerpt of the file is left out. */
export function yamlReason(error: unknown, firstLine: number): string {
  if (!(error instanceof YAMLException)) return "its values are nested too deeply";
  const line = (error as { mark?: { line?: unknown } }).mark?.line;
  return typeof line === "number" ? `${error.reason} (line ${firstLine + line})` : error.reason;
}

/** Whether the text refers to an anchor that stands elsewhere in the file. */
export function isForeignAlias(error: unknown): boolean {
  return error instanceof YAMLException && error.reason.startsWith("unidentified alias");
}

/** Whether the text ends within a text in quotes or brackets. */
export function endsWithin(error: unknown): boolean {
  return error instanceof YAMLException && error.reason.startsWith("unexpected end of the stream within");
}
