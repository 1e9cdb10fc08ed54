import { parseYaml, TooDeepError, type YamlNode } from "./parse-yaml.ts";

export interface ShallowYaml {
  readonly node: YamlNode;
  /** Whether some top-level keys were left out because they are nested deeper than we follow. */
  readonly cut: boolean;
}

/** A line that begins a top-level key of a block mapping. */
const keyLine = /^(?:["']?[\w.$-]+["']?)[ \t]*:(?=\s|$)/m;

/**
 * Parses YAML; where it is nested too deeply, without the top-level keys that are, so that name and version can be had.
 * @throws TooDeepError where that does not help, Error with the reason for what is no YAML
 */
export function parseShallow(text: string, refusals: string[]): ShallowYaml {
  try {
    return { node: parseYaml(text, refusals), cut: false };
  } catch (error) {
    if (!(error instanceof TooDeepError)) throw error;
    const kept = text.split(new RegExp(`(?=${keyLine.source})`, "m")).filter((section) => !isTooDeep(section));
    if (kept.length === 0) throw error;
    return { node: parseYaml(kept.join(""), refusals), cut: true };
  }
}

function isTooDeep(section: string): boolean {
  try {
    parseYaml(section);
    return false;
  } catch (error) {
    return error instanceof TooDeepError;
  }
}
