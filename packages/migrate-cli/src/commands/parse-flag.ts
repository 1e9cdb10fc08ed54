import type { UrlRewrite } from "@chartferry/core";
import { InvalidArgumentError } from "commander";

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

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `90s`, `15m`, `1h`: milliseconds. @throws InvalidArgumentError */
export function parseDuration(text: string): number {
  const match = /^([0-9]{1,9})(ms|s|m|h)$/.exec(text);
  if (match === null) throw new InvalidArgumentError("it must be a number with a unit: 90s, 15m, 1h.");
  return Number(match[1]) * (units[match[2] ?? ""] ?? 1);
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
