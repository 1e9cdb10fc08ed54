import { isChartferryError, readTime, type UrlRewrite } from "@chartferry/core";
import { InvalidArgumentError } from "commander";

import { createMapping, type Rename } from "../engine/choose/mapping.ts";

/** A whole number from 1 on. */
export function parseCount(text: string): number {
  const count = /^[0-9]{1,6}$/.test(text) ? Number(text) : 0;
  if (count < 1) throw new InvalidArgumentError("it must be a whole number from 1 on.");
  return count;
}

/** 0 = any free port. */
export function parsePort(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError("it must be a port from 0 to 65535.");
  return port;
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `90s`, `15m`, `1h`: milliseconds. @throws InvalidArgumentError */
export function parseDuration(text: string): number {
  const match = /^([0-9]{1,9})(ms|s|m|h)$/.exec(text);
  if (match === null) throw new InvalidArgumentError("it must be a number with a unit: 90s, 15m, 1h.");
  return Number(match[1]) * (units[match[2] ?? ""] ?? 1);
}

/** `12h`, `7d`, `2w`: milliseconds. @throws InvalidArgumentError */
export function parseAge(text: string): number {
  const match = /^([0-9]{1,6})([mhdw])$/.exec(text);
  if (match === null) throw new InvalidArgumentError("it must be a number with a unit: 12h, 7d, 2w.");
  return Number(match[1]) * (units[match[2] ?? ""] ?? 1);
}

/** `2024-01-31` or a time in RFC 3339; given back as written. @throws InvalidArgumentError */
export function parseDay(text: string): string {
  if (!isDay(text) && !/[Zz]$|[+-]\d{2}:\d{2}$/.test(text)) throw notADay;
  if (readTime(text) === undefined) throw notADay;
  return text;
}

const notADay = new InvalidArgumentError("it must be a day or a time with its zone: 2024-01-31, 2024-01-31T12:00:00Z.");

/** Milliseconds since 1970 of what `parseDay` accepts; a day alone has a start and an end, both in UTC. */
export function timeOf(text: string, edge: "start" | "end"): number {
  const start = (readTime(text) ?? 0) * 1000;
  return edge === "end" && isDay(text) ? start + 86_400_000 - 1 : start;
}

function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text);
}

/** `FROM=TO`: a chart's name and the last part of its repository. @throws InvalidArgumentError */
export function parseRename(text: string, before: readonly Rename[] | undefined): readonly Rename[] {
  const match = /^([^=]+)=([^=]+)$/.exec(text);
  const [, from = "", to = ""] = match ?? [];
  const renames = [...(before ?? []), { from, to }];
  if (match === null) throw new InvalidArgumentError("it must be FROM=TO, both names of charts.");
  try {
    createMapping({ renames });
    return renames;
  } catch (error) {
    throw isChartferryError(error) ? new InvalidArgumentError(`${error.message}.`) : error;
  }
}

/** `FROM=TO`, both urls; FROM may itself hold a `=`. @throws InvalidArgumentError */
export function parseUrlRewrite(text: string, before: readonly UrlRewrite[] | undefined): readonly UrlRewrite[] {
  const match = /^([a-z]+:\/\/.+?)=((?:https?|file|oci):\/\/.*)$/s.exec(text);
  const [, from = "", to = ""] = match ?? [];
  if (!URL.canParse(from) || !URL.canParse(to)) throw new InvalidArgumentError("it must be FROM=TO, both full urls.");
  if (hasUser(from) || hasUser(to)) throw new InvalidArgumentError("a url in it carries a password; use --source-username instead.");
  return [...(before ?? []), { from, to }];
}

function hasUser(text: string): boolean {
  const { username, password } = new URL(text);
  return username !== "" || password !== "";
}
