import { ChartferryError } from "../errors.ts";
import { quote } from "../shown-text.ts";

/** Source: distribution spec 1.1, "Pulling manifests"; at most 128 characters. */
const tagPattern = /^\w[\w.-]{0,127}$/;

/** Whether every registry accepts the text as a tag. */
export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

/**
 * The tag of a chart version: `+` cannot stand in a tag and `_` not in a version, so Helm swaps them.
 * @throws name-invalid when the version cannot be a tag.
 */
export function tagOf(version: string): string {
  const tag = version.replaceAll("+", "_");
  if (isTag(tag)) return tag;
  const reason =
    tag.length > 128 ? `it has ${tag.length} characters, a tag at most 128` : "a tag takes letters, digits, `_`, `.`, `-` only";
  throw new ChartferryError(`version ${quote(version)} cannot be a tag: ${reason}`, {
    code: "name-invalid",
    operation: "make tag",
    version: version.slice(0, 256),
    hint: "publish the chart under another version",
  });
}

/** The chart version that a tag stands for: the inverse of `tagOf`. */
export function versionOf(tag: string): string {
  return tag.replaceAll("_", "+");
}
