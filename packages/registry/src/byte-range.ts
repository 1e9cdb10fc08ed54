/** Part of a body: `start` inclusive, `end` exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The one range that a Range header asks for. `undefined` = send everything (no header, another unit, several ranges: a server
 * may ignore it); `unsatisfiable` = 416. Source: RFC 9110 section 14.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | "unsatisfiable" | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.replaceAll(" ", "") ?? "");
  if (match === null) return undefined;
  const [, first = "", last = ""] = match;
  if (first === "") return last === "" ? undefined : suffix(Number(last), size);
  return between(Number(first), last === "" ? size - 1 : Number(last), size);
}

function between(first: number, last: number, size: number): ByteRange | "unsatisfiable" | undefined {
  if (first >= size) return "unsatisfiable";
  return last < first ? undefined : { start: first, end: Math.min(last + 1, size) };
}

function suffix(length: number, size: number): ByteRange | "unsatisfiable" {
  return length === 0 || size === 0 ? "unsatisfiable" : { start: Math.max(0, size - length), end: size };
}

/** The Content-Range of a chunk as distribution-spec writes it (`0-99`), also with `bytes ` before and `/total` behind. `invalid` = present but neither. */
export function parseContentRange(header: string | undefined): ByteRange | "invalid" | undefined {
  if (header === undefined) return undefined;
  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header.trim());
  if (match === null) return "invalid";
  const range = { start: Number(match[1]), end: Number(match[2]) + 1 };
  return range.end < range.start ? "invalid" : range;
}
