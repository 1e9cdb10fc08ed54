import { isUtf8 } from "node:buffer";

import { parseYaml, type YamlNode } from "./parse-yaml.ts";

/** Largest YAML file that is parsed, in bytes. Chart.yaml files have a few KiB; Helm has no limit of its own. */
const largestYaml = 5 * 1024 * 1024;

export interface YamlFile {
  readonly node: YamlNode;
  readonly isUtf8: boolean;
}

/** Parses a YAML file of a chart; a byte order mark is cut. @throws Error with the reason */
export function readYamlFile(data: Buffer): YamlFile {
  if (data.byteLength > largestYaml) throw new Error(`it has ${data.byteLength} bytes, more than ${largestYaml}`);
  return { node: parseYaml(textOf(data)), isUtf8: isUtf8(data) };
}

/** The text of a file, a byte order mark cut; what is not UTF-8 is replaced. */
export function textOf(data: Buffer): string {
  const text = data.toString("utf8");
  return text.startsWith("\u{feff}") ? text.slice(1) : text;
}
