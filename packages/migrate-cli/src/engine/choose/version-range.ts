import { comparePrerelease, compareVersions, readVersion, type ReadVersion } from "./version-order.ts";

/** Whether a version lies in the range. */
export type VersionTest = (version: string) => boolean;

interface Constraint {
  readonly operator: string;
  readonly version: ReadVersion;
  /** Parts that were left out or written as `x` or `*`. */
  readonly open: "none" | "major" | "minor" | "patch";
}

type Rule = (version: ReadVersion, constraint: Constraint) => boolean;

/** One range is not a program: longer ones are refused. Characters. */
const rangeLimit = 1024;
const part = String.raw`(?:[0-9]+|[xX*])`;
const versionPattern = String.raw`v?${part}(?:\.${part})?(?:\.${part})?(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?`;
const constraintText = new RegExp(String.raw`\s*(=>|=<|>=|<=|!=|~>|[=<>~^]|)\s*(${versionPattern})\s*(?:,|(?=\s)|$)`, "y");
const hyphenText = new RegExp(String.raw`(^|[\s,])(${versionPattern})\s+-\s+(${versionPattern})(?=$|[\s,])`, "g");
const partsText = /^v?([0-9xX*]+)(?:\.([0-9xX*]+))?(?:\.([0-9xX*]+))?(?:-([0-9A-Za-z.-]+))?/;

/**
 * Reads a range in the dialect of Helm, which is not that of npm: `,` or a space is "and", `||` is "or", `a - b`, `~`, `^`, `1.x`,
 * and pre-releases count only where a constraint of the same group names one. `undefined` = not a range.
 */
export function parseVersionRange(text: string): VersionTest | undefined {
  if (text.length > rangeLimit) return undefined;
  const groups: VersionTest[] = [];
  for (const groupText of text.split("||")) {
    const constraints = readGroup(groupText);
    if (constraints === undefined) return undefined;
    groups.push(groupTest(constraints));
  }
  return (version) => groups.some((test) => test(version));
}

function readGroup(text: string): Constraint[] | undefined {
  const spelled = text.replace(hyphenText, "$1>=$2, <=$3").trim();
  if (spelled === "") return [readConstraint("", "*")];
  const constraints: Constraint[] = [];
  constraintText.lastIndex = 0;
  while (constraintText.lastIndex < spelled.length) {
    const match = constraintText.exec(spelled);
    if (match === null) return undefined;
    constraints.push(readConstraint(match[1] ?? "", match[2] ?? ""));
  }
  return constraints;
}

function readConstraint(operator: string, text: string): Constraint {
  const [, major, minor, patch, prerelease = ""] = partsText.exec(text) ?? [];
  const open = isOpen(major) ? "major" : isOpen(minor) ? "minor" : isOpen(patch) ? "patch" : "none";
  const number = (value: string | undefined, closed: boolean): bigint => (closed && !isOpen(value) ? BigInt(value ?? 0) : 0n);
  const version = {
    major: number(major, true),
    minor: number(minor, open !== "major"),
    patch: number(patch, open === "none"),
    prerelease,
    build: "",
  };
  return { operator, version, open };
}

function isOpen(value: string | undefined): boolean {
  return value === undefined || !/^[0-9]+$/.test(value);
}

function groupTest(constraints: readonly Constraint[]): VersionTest {
  const allowPrerelease = constraints.some((constraint) => constraint.version.prerelease !== "");
  return (text) => {
    const version = readVersion(text);
    if (version === undefined || (version.prerelease !== "" && !allowPrerelease)) return false;
    return constraints.every((constraint) => rules[constraint.operator]?.(version, constraint) ?? false);
  };
}

const equal: Rule = (version, constraint) =>
  constraint.open === "none" ? compareVersions(version, constraint.version) === 0 : tilde(version, constraint);

const notEqual: Rule = (version, { version: wanted, open }) => {
  if (open === "none") return compareVersions(version, wanted) !== 0;
  if (open === "major") return false;
  if (version.major !== wanted.major) return true;
  if (open === "minor") return false;
  return version.minor !== wanted.minor || comparePrerelease(version.prerelease, wanted.prerelease) !== 0;
};

/** `>1` means 2.0.0 and later, `>1.2` means 1.3.0 and later. */
const greater: Rule = (version, { version: wanted, open }) => {
  if (open === "none" || open === "major") return compareVersions(version, wanted) > 0;
  if (version.major !== wanted.major) return version.major > wanted.major;
  return open === "patch" && version.minor > wanted.minor;
};

const greaterOrEqual: Rule = (version, constraint) => compareVersions(version, constraint.version) >= 0;

const less: Rule = (version, constraint) => compareVersions(version, constraint.version) < 0;

/** `<=1` includes 1.9.9. */
const lessOrEqual: Rule = (version, { version: wanted, open }) => {
  if (open === "none") return compareVersions(version, wanted) <= 0;
  if (open === "major") return true;
  if (version.major !== wanted.major) return version.major < wanted.major;
  return open === "minor" || version.minor <= wanted.minor;
};

/** `~0.0.0` accepts everything from 0.0.0 on: a quirk of Helm's that we keep. */
const tilde: Rule = (version, { version: wanted, open }) => {
  if (compareVersions(version, wanted) < 0) return false;
  if (open === "major") return true;
  if (open === "none" && wanted.major === 0n && wanted.minor === 0n && wanted.patch === 0n) return true;
  return version.major === wanted.major && (open === "minor" || version.minor === wanted.minor);
};

const caret: Rule = (version, { version: wanted, open }) => {
  if (compareVersions(version, wanted) < 0) return false;
  if (open === "major") return true;
  if (version.major !== wanted.major) return false;
  if (wanted.major > 0n || open === "minor") return true;
  if (version.minor !== wanted.minor) return false;
  return wanted.minor > 0n || open === "patch" || version.patch === wanted.patch;
};

const rules: Readonly<Record<string, Rule>> = {
  "": equal,
  "=": equal,
  "!=": notEqual,
  ">": greater,
  ">=": greaterOrEqual,
  "=>": greaterOrEqual,
  "<": less,
  "<=": lessOrEqual,
  "=<": lessOrEqual,
  "~": tilde,
  "~>": tilde,
  "^": caret,
};
