import { isUtf8 } from "node:buffer";

import type { YamlNode } from "./parse-yaml.ts";
import { parseShallow } from "./shallow-sections.ts";

/** Largest YAML file that is parsed, in bytes. Chart.yaml files have a few KiB; Helm has no limit of its own. */
const largestYaml = 5 * 1024 * 1024;

export interface YamlFile {
  readonly node: YamlNode;
  /** Why Helm's reader does not take the bytes for text, although we could read them. */
  readonly problem: string | undefined;
  /** What Helm's reader would not take of the YAML, although ours does. */
  readonly refusals: readonly string[];
  /** Whether top-level keys that are nested deeper than we follow were left out. */
  readonly cut: boolean;
}

/** Parses a YAML file of a chart; a byte order mark is cut. @throws Error with the reason */
export function readYamlFile(data: Buffer): YamlFile {
  if (data.byteLength > largestYaml) throw new Error(`it has ${data.byteLength} bytes, more than ${largestYaml}`);
  const problem = textProblem(data);
  const text = problem === undefined ? textOf(data) : textOf(data).replaceAll(forbidden, "\u{fffd}");
  const refusals: string[] = [];
  return { ...parseShallow(text, refusals), problem, refusals };
}

/** The text of a file, a byte order mark cut; what is not UTF-8 is replaced. */
export function textOf(data: Buffer): string {
  const text = data.toString("utf8");
  return text.startsWith("\u{feff}") ? text.slice(1) : text;
}

/** Characters that YAML forbids. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const forbidden = /[\0-\u0008\u000B\u000C\u000E-\u001F\u007F-\u0084\u0086-\u009F\uFFFE\uFFFF]/g;

/** Why Helm's YAML reader stops at the bytes, whatever they say. */
export function textProblem(data: Buffer): string | undefined {
  if (!isUtf8(data)) return "it is not UTF-8";
  return textOf(data).search(forbidden) !== -1 ? "it has control characters" : undefined;
}
