/** Helm's loose version grammar. Source: Masterminds/semver v3.5, NewVersion. */
const loose =
  /^v?(?<major>\d+)(?:\.(?<minor>\d+))?(?:\.(?<patch>\d+))?(?:-(?<pre>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
const strict = /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:[-+]|$)/;
/** Characters; the library's own limit. */
const longest = 256;
const largest = 2n ** 64n - 1n;

/** Whether Helm accepts the text as a chart version (`1`, `1.2`, `v1.2.3`, `01.2.3` among them). */
export function isLooseVersion(text: string): boolean {
  const groups = text.length <= longest ? loose.exec(text)?.groups : undefined;
  if (groups === undefined) return false;
  const numbers = [groups["major"], groups["minor"], groups["patch"]];
  if (numbers.some((number) => number !== undefined && BigInt(number) > largest)) return false;
  // A numeric part of a prerelease may not start with zero; of build metadata it may.
  return !(groups["pre"] ?? "").split(".").some((part) => /^0\d+$/.test(part));
}

export type VersionForm = "strict" | "leading-v" | "two-part-version" | "loose-version";

/** How a loose version departs from SemVer: Helm finds only strict ones by range. */
export function versionForm(version: string): VersionForm {
  if (version.startsWith("v")) return "leading-v";
  if (strict.test(version)) return "strict";
  return /^\d+(?:\.\d+)?(?:[-+]|$)/.test(version) ? "two-part-version" : "loose-version";
}
