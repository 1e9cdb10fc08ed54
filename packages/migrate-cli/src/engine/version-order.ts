/** A version as Helm reads it in a classic repository: a leading `v` and missing parts are allowed, build metadata does not order. */
export interface ReadVersion {
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  readonly prerelease: string;
}

/** Characters; versions are hostile input and end as big numbers. */
const versionLimit = 256;
const versionText = /^v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;

/** `undefined` = Helm could not order it. */
export function readVersion(text: string): ReadVersion | undefined {
  const match = text.length > versionLimit ? null : versionText.exec(text);
  if (match === null) return undefined;
  const [, major = "0", minor = "0", patch = "0", prerelease = ""] = match;
  return { major: BigInt(major), minor: BigInt(minor), patch: BigInt(patch), prerelease };
}

/** Negative, zero or positive. Source: semver.org, section 11. */
export function compareVersions(left: ReadVersion, right: ReadVersion): number {
  return (
    compareNumbers(left.major, right.major) ||
    compareNumbers(left.minor, right.minor) ||
    compareNumbers(left.patch, right.patch) ||
    comparePrerelease(left.prerelease, right.prerelease)
  );
}

/** A version without pre-release is later than one with. */
export function comparePrerelease(left: string, right: string): number {
  if (left === right) return 0;
  if (left === "") return 1;
  if (right === "") return -1;
  const [lefts, rights] = [left.split("."), right.split(".")];
  for (let index = 0; index < Math.max(lefts.length, rights.length); index++) {
    const order = compareIdentifiers(lefts[index], rights[index]);
    if (order !== 0) return order;
  }
  return 0;
}

/** Numbers before words, nothing before anything. */
function compareIdentifiers(left: string | undefined, right: string | undefined): number {
  const rank = rankOf(left) - rankOf(right);
  if (rank !== 0 || left === undefined || right === undefined) return rank;
  if (rankOf(left) === 1) return compareNumbers(BigInt(left), BigInt(right));
  return left === right ? 0 : left < right ? -1 : 1;
}

function rankOf(identifier: string | undefined): number {
  return identifier === undefined ? 0 : /^[0-9]+$/.test(identifier) ? 1 : 2;
}

function compareNumbers(left: bigint, right: bigint): number {
  return left === right ? 0 : left < right ? -1 : 1;
}
