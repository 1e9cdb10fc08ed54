/**
 * A scalar as Helm's YAML reader (goyaml v2: YAML 1.1 words, octal, underscores) resolves it. `bigint` = integer, `number` = float.
 * Plain and tagged scalars only: quoted ones are plain strings.
 */
export type GoScalar = string | boolean | bigint | number | null;

const words = new Map<string, GoScalar>([
  ...["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"].map((word) => [word, true] as const),
  ...["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"].map((word) => [word, false] as const),
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const),
  ...[".nan", ".NaN", ".NAN"].map((word) => [word, Number.NaN] as const),
  ...[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map((word) => [word, Number.POSITIVE_INFINITY] as const),
  ...["-.inf", "-.Inf", "-.INF"].map((word) => [word, Number.NEGATIVE_INFINITY] as const),
]);

const floatPattern = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const dottedPattern = /^\.[0-9]+(?:[eE][-+]?[0-9]+)?$/;
const largestSigned = 2n ** 63n - 1n;
const largestUnsigned = 2n ** 64n - 1n;

/** What an untagged plain scalar means. */
export function resolvePlain(text: string): GoScalar {
  const word = words.get(text);
  if (word !== undefined) return word;
  const first = text.charCodeAt(0);
  if (first === 0x2e) return (dottedPattern.test(text) ? finite(text) : undefined) ?? text;
  const numeric = first === 0x2b || first === 0x2d || (first >= 0x30 && first <= 0x39);
  return (numeric ? resolveNumber(text.replaceAll("_", "")) : undefined) ?? text;
}

/** What a scalar with an explicit standard tag means; `undefined` = the reader refuses it. */
export function resolveTagged(tag: string, text: string): GoScalar | undefined {
  return taggedScalars.get(tag)?.(text);
}

const taggedScalars: ReadonlyMap<string, (text: string) => GoScalar | undefined> = new Map<string, (text: string) => GoScalar | undefined>([
  ["str", (text) => text],
  ["binary", decodeBase64],
  ["int", (text) => ofType(resolvePlain(text), "bigint")],
  ["float", (text) => asFloat(resolvePlain(text))],
  ["bool", (text) => ofType(resolvePlain(text), "boolean")],
  ["null", (text) => (resolvePlain(text) === null ? null : undefined)],
  ["timestamp", (text) => (/^\d{4}-\d{1,2}-\d{1,2}(?:$|[Tt ])/.test(text) ? text : undefined)],
]);

/** The tags that `resolveTagged` knows, without `tag:yaml.org,2002:`. */
export const scalarTags: readonly string[] = [...taggedScalars.keys()];

function ofType(value: GoScalar, type: "bigint" | "boolean"): GoScalar | undefined {
  return typeof value === type ? value : undefined;
}

function asFloat(value: GoScalar): number | undefined {
  return typeof value === "bigint" || typeof value === "number" ? Number(value) : undefined;
}

function resolveNumber(plain: string): GoScalar | undefined {
  const integer = parseInteger(plain);
  if (integer !== undefined) return integer;
  return floatPattern.test(plain) ? finite(plain) : undefined;
}

const integerForms: readonly (readonly [pattern: RegExp, prefix: string])[] = [
  [/^(?:0|[1-9][0-9]*)$/, ""],
  [/^0[xX](?<digits>[0-9a-fA-F]+)$/, "0x"],
  [/^0[bB](?<digits>[01]+)$/, "0b"],
  [/^0[oO]?(?<digits>[0-7]+)$/, "0o"],
];

/** Go's strconv.ParseInt with base 0, then ParseUint: signed 64 bits, or unsigned where no sign is written. */
function parseInteger(plain: string): bigint | undefined {
  const sign = /^[-+]/.exec(plain)?.[0] ?? "";
  const size = plain.length > 80 ? undefined : parseUnsigned(plain.slice(sign.length));
  if (size === undefined) return undefined;
  if (sign === "-") return size <= largestSigned + 1n ? -size : undefined;
  return size <= (sign === "" ? largestUnsigned : largestSigned) ? size : undefined;
}

function parseUnsigned(text: string): bigint | undefined {
  for (const [pattern, prefix] of integerForms) {
    const match = pattern.exec(text);
    if (match !== null) return BigInt(prefix + (match.groups?.["digits"] ?? text));
  }
  return undefined;
}

/** A number too large for 64 bits stays text, as in Go. */
function finite(text: string): number | undefined {
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function decodeBase64(text: string): string | undefined {
  const compact = text.replaceAll(/[\r\n]/g, "");
  if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) return undefined;
  return Buffer.from(compact, "base64").toString("utf8");
}
