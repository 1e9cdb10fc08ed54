import type { HttpAnswer } from "../http-client.ts";

/** Beyond this a date is nonsense. Milliseconds. */
const longest = 30 * 24 * 3600 * 1000;
/** Less is no wait but a rounded one: who heeded it would be refused as often as there are answers. Milliseconds. */
const shortest = 100;

/**
 * Milliseconds that an answer asks us to wait; `undefined` = it does not say. Seconds and HTTP dates; a date is taken relative to the answer's
 * own Date, so that a wrong clock on either side does not matter. 0, or a date that is now or gone by, does not say either: it is what a server sends
 * that rounds the time of its next token down to whole seconds. Source: RFC 9110 section 10.2.3.
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

function clamp(milliseconds: number): number | undefined {
  return milliseconds >= shortest ? Math.min(Math.ceil(milliseconds), longest) : undefined;
}
