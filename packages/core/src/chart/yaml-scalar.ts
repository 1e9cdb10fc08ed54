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
  if (tag === "str") return text;
  if (tag === "binary") return decodeBase64(text);
  const value = resolvePlain(text);
  switch (tag) {
    case "int":
      return typeof value === "bigint" ? value : undefined;
    case "float":
      return typeof value === "bigint" ? Number(value) : typeof value === "number" ? value : undefined;
    case "bool":
      return typeof value === "boolean" ? value : undefined;
    case "null":
      return value === null ? null : undefined;
    case "timestamp":
      return /^\d{4}-\d{1,2}-\d{1,2}(?:$|[Tt ])/.test(text) ? text : undefined;
    default:
      return text;
  }
}

function resolveNumber(plain: string): GoScalar | undefined {
  const integer = parseInteger(plain);
  if (integer !== undefined) return integer;
  return floatPattern.test(plain) ? finite(plain) : undefined;
}

/** Go's strconv.ParseInt with base 0, then ParseUint: signed 64 bits, or unsigned where no sign is written. */
function parseInteger(plain: string): bigint | undefined {
  const match = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/.exec(plain);
  if (match === null || plain.length > 80) return undefined;
  const [, sign, hex, binary, octal, decimal] = match;
  const size = BigInt(digits(hex, "0x") ?? digits(binary, "0b") ?? digits(octal, "0o") ?? decimal ?? "0");
  if (sign === "-") return size <= largestSigned + 1n ? -size : undefined;
  return size <= (sign === "" ? largestUnsigned : largestSigned) ? size : undefined;
}

function digits(text: string | undefined, prefix: string): string | undefined {
  return text === undefined ? undefined : prefix + text;
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
