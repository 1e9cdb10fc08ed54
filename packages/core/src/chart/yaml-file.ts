import { decodeYaml } from "./decode-yaml.ts";
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

/** Parses a YAML file of a chart. @throws Error with the reason */
export function readYamlFile(data: Buffer): YamlFile {
  if (data.byteLength > largestYaml) throw new Error(`it has ${data.byteLength} bytes, more than ${largestYaml}`);
  const { text, problem } = decodeYaml(data);
  const refusals: string[] = [];
  return { ...parseShallow(text, refusals), problem, refusals };
}
