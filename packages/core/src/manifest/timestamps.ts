import { ChartferryError } from "../errors.ts";
import { quote } from "../shown-text.ts";

/** Seconds since 1970 of 9999-12-31T23:59:59Z, the last that RFC 3339 can write. */
const latest = 253_402_300_799;

/** RFC 3339 in UTC with whole seconds. */
export function epochText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d{3}Z$/, "Z");
}

const pattern =
  /^(?<date>\d{4}-\d{2}-\d{2})[Tt ](?<time>\d{2}:\d{2}:\d{2})(?:[.,]\d+)?\s?(?:(?<utc>[Zz]|UTC)|(?<sign>[+-])(?<hours>\d{2}):?(?<minutes>\d{2}))?(?: [A-Z]{3,5})?$/;

/**
 * Reads the times that indexes hold: RFC 3339 with any number of fraction digits (cut off) and any zone, the same with a space
 * between date and time, or a date alone. `undefined` = not a time.
 */
export function readRfc3339(text: string): { readonly seconds: number; readonly hasZone: boolean } | undefined {
  const trimmed = text.trim();
  const groups = pattern.exec(/^\d{4}-\d{2}-\d{2}$/.test(trimmed) ? `${trimmed}T00:00:00` : trimmed)?.groups;
  if (groups === undefined) return undefined;
  const local = `${groups["date"]}T${groups["time"]}.000Z`;
  const milliseconds = Date.parse(local);
  // Date.parse lets 30 February pass as 2 March.
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString() !== local) return undefined;
  const offset = offsetSeconds(groups);
  const seconds = milliseconds / 1000 - (offset ?? 0);
  if (seconds > latest || offset === null) return undefined;
  return { seconds, hasZone: offset !== undefined };
}

/** A source's `created` in seconds since 1970, as `readRfc3339` reads it; without a zone it is UTC. Go's zero time is none. */
export function readTime(text: string): number | undefined {
  const seconds = readRfc3339(text)?.seconds;
  return seconds === undefined || isZeroTime(seconds) ? undefined : seconds;
}

/** Go's zero time: what an index holds where no time was set. */
export function isZeroTime(seconds: number): boolean {
  return seconds <= -62_135_596_800 + 86_400;
}

function offsetSeconds(groups: Record<string, string | undefined>): number | null | undefined {
  if (groups["utc"] !== undefined) return 0;
  if (groups["sign"] === undefined) return undefined;
  const hours = Number(groups["hours"]);
  const minutes = Number(groups["minutes"]);
  if (hours > 24 || minutes > 59) return null;
  return (groups["sign"] === "-" ? -1 : 1) * (hours * 3600 + minutes * 60);
}

/**
 * SOURCE_DATE_EPOCH as Helm 4.3 reads it: unset or empty is off, everything but a decimal integer from 0 on is an error.
 * @throws usage
 */
export function readSourceDateEpoch(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const seconds = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(seconds)) throw invalidEpoch(`${quote(text)} is not a whole number of seconds`);
  if (seconds < 0) throw invalidEpoch("it must not be negative");
  if (seconds > latest) throw invalidEpoch(`${quote(text)} lies beyond the year 9999`);
  return seconds + 0;
}

function invalidEpoch(reason: string): ChartferryError {
  return new ChartferryError(`SOURCE_DATE_EPOCH cannot be used: ${reason}`, {
    code: "usage",
    operation: "read SOURCE_DATE_EPOCH",
    hint: "set it to seconds since 1970, or unset it",
  });
}
