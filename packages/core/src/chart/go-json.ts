/** Characters that Go's encoding/json writes as escapes beyond what JSON asks for, and lone surrogates, which Go's text cannot hold. */
const special = /[<>&\u2028\u2029]|\p{Surrogate}/gu;

/** A JSON string as Go's encoding/json writes it. */
export function goString(text: string): string {
  const quoted = JSON.stringify(text.replaceAll(/\p{Surrogate}/gu, "\u{fffd}"));
  return quoted.replaceAll(special, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Any JSON value as Go writes it after decoding it into `any`: map keys sorted by UTF-8 bytes, numbers as 64-bit floats. */
export function goJson(value: unknown): string {
  if (typeof value === "string") return goString(value);
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map(goJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return "null";
  return goObject(Object.entries(value).toSorted(([a], [b]) => compareUtf8(a, b)));
}

/** An object with its members in the given order; `undefined` members are left out. */
export function goObject(members: Iterable<readonly [string, unknown]>): string {
  const parts: string[] = [];
  for (const [key, value] of members) if (value !== undefined) parts.push(`${goString(key)}:${goJson(value)}`);
  return `{${parts.join(",")}}`;
}

/** Order of two texts by their UTF-8 bytes. JavaScript's own order differs beyond U+FFFF. */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return inByteOrder(left) - inByteOrder(right);
  }
  return a.length - b.length;
}

/** Moves surrogates behind all other UTF-16 units, as their UTF-8 bytes are. */
function inByteOrder(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
