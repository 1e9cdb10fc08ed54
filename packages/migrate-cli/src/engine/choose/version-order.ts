/** A version as Helm reads it in a classic repository: a leading `v` and missing parts are allowed, build metadata does not order. */
export interface ReadVersion {
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  readonly prerelease: string;
  /** Does not order for Helm; used where equal versions need an order all the same. */
  readonly build: string;
}

/** Characters; versions are hostile input and end as big numbers. */
const versionLimit = 256;
const versionText = /^v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$/;

/** `undefined` = Helm could not order it. */
export function readVersion(text: string): ReadVersion | undefined {
  const match = text.length > versionLimit ? null : versionText.exec(text);
  if (match === null) return undefined;
  const [, major = "0", minor = "0", patch = "0", prerelease = "", build = ""] = match;
  return { major: BigInt(major), minor: BigInt(minor), patch: BigInt(patch), prerelease, build };
}

/** `1.0.0-rc.1`. What Helm cannot read as a version is none. */
export function isPrerelease(version: string): boolean {
  return (readVersion(version)?.prerelease ?? "") !== "";
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

/**
 * A total order of version texts: Helm's, what Helm cannot order first, and where Helm sees no difference the build metadata by the rules of
 * pre-releases (none is earliest), then the text, so that the outcome never depends on the order of an index.
 */
export function compareVersionTexts(left: string, right: string): number {
  const [read, other] = [readVersion(left), readVersion(right)];
  if (read === undefined || other === undefined)
    return Number(read !== undefined) - Number(other !== undefined) || compareTexts(left, right);
  return compareVersions(read, other) || compareDotted(read.build, other.build) || compareTexts(left, right);
}

/** A version without pre-release is later than one with. */
export function comparePrerelease(left: string, right: string): number {
  if (left === right) return 0;
  if (left === "") return 1;
  if (right === "") return -1;
  return compareDotted(left, right);
}

function compareDotted(left: string, right: string): number {
  const [lefts, rights] = [left.split("."), right.split(".")];
  for (let index = 0; index < Math.max(lefts.length, rights.length); index++) {
    const order = compareIdentifiers(lefts[index], rights[index]);
    if (order !== 0) return order;
  }
  return 0;
}

function compareTexts(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

/** Numbers before words, nothing before anything. */
function compareIdentifiers(left = "", right = ""): number {
  const rank = rankOf(left) - rankOf(right);
  if (rank !== 0) return rank;
  if (rankOf(left) === 1) return compareNumbers(BigInt(left), BigInt(right));
  return compareTexts(left, right);
}

function rankOf(identifier: string): number {
  return identifier === "" ? 0 : /^[0-9]+$/.test(identifier) ? 1 : 2;
}

function compareNumbers(left: bigint, right: bigint): number {
  return left === right ? 0 : left < right ? -1 : 1;
}
