import type { HttpAnswer } from "../http-client.ts";

/** Beyond this a date is nonsense. Milliseconds. */
const longest = 30 * 24 * 3600 * 1000;

/**
 * Milliseconds that an answer asks us to wait; `undefined` = it does not say. Seconds and HTTP dates; a date is taken relative to the answer's
 * own Date, so that a wrong clock on either side does not matter. Source: RFC 9110 section 10.2.3.
 */
export function retryAfterMs(headers: HttpAnswer["headers"], now: number): number | undefined {
  const text = headers["retry-after"]?.trim() ?? "";
  const seconds = /^\d+(\.\d+)?(?=\s*(,|$))/.exec(text)?.[0];
  if (seconds !== undefined) return clamp(Number(seconds) * 1000);
  const until = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(until)) return undefined;
  const sent = Date.parse(headers["date"] ?? "");
  return clamp(until - (Number.isNaN(sent) ? now : sent));
}

function clamp(milliseconds: number): number {
  return Math.min(Math.max(0, Math.ceil(milliseconds)), longest);
}
