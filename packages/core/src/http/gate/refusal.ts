import { ChartferryError } from "../../errors.ts";
import { hints } from "../answer/error-hints.ts";
import type { HttpAnswer, HttpRequest } from "../http-client.ts";
import { retryAfterMs } from "./retry-after.ts";

/** A host's word that it wants fewer requests. */
export interface Refusal {
  readonly status: number;
  /** Its Retry-After, in milliseconds. */
  readonly askedMs: number | undefined;
  /** For people: `registry.example answers 429 and asks to wait 30 s`. */
  readonly text: string;
}

const laterOrLonger = "run it again later, or allow longer waits with --max-wait";

const refusing = new Set([429, 503]);

/** Asks for fewer requests. */
export function isRefusal(status: number): boolean {
  return refusing.has(status);
}

/** `undefined` = this answer asks for nothing of the kind. */
export function refusalIn({ status, headers, url }: Pick<HttpAnswer, "status" | "headers" | "url">, now: number): Refusal | undefined {
  return refusing.has(status) ? refusalOf(url.host, status, retryAfterMs(headers, now)) : undefined;
}

export function refusalOf(host: string, status: number, askedMs: number | undefined): Refusal {
  const asks = askedMs === undefined ? "" : ` and asks to wait ${Math.ceil(askedMs / 1000)} s`;
  return { status, askedMs, text: `${host} answers ${status}${asks}` };
}

/** For a request that was held back by 429 or 503 for as long as it may be, or would have to be. */
export function heldTooLong(
  request: Pick<HttpRequest, "operation" | "url" | "repository" | "version">,
  { refusal, milliseconds }: { readonly refusal: Refusal | undefined; readonly milliseconds: number },
): ChartferryError {
  const { url, operation, repository, version } = request;
  const held = milliseconds < 1000 ? "" : `; this request was held back for ${Math.round(milliseconds / 1000)} s`;
  return new ChartferryError(`${refusal?.text ?? `${url.host} asks for fewer requests`}${held}`, {
    code: "rate-limited",
    operation,
    retryable: true,
    registry: url.host,
    repository,
    version,
    status: refusal?.status,
    retryAfterMs: refusal?.askedMs,
    hint: laterOrLonger,
  });
}

/** For an answer that tells of a fault. It reaches the user only where it asks for a longer wait than is allowed; else it is the reason to try again. */
export function faultAnswered(request: Pick<HttpRequest, "operation" | "url" | "repository" | "version">, fault: Refusal): ChartferryError {
  const { url, operation, repository, version } = request;
  return new ChartferryError(fault.text, {
    code: "unavailable",
    operation,
    retryable: true,
    registry: url.host,
    repository,
    version,
    status: fault.status,
    retryAfterMs: fault.askedMs,
    hint: fault.askedMs === undefined ? hints.unavailable : laterOrLonger,
  });
}

/** For a request that waited behind others until the host was taken for broken. */
export function outOfService(request: Pick<HttpRequest, "operation" | "url" | "repository" | "version">, text: string): ChartferryError {
  const { url, operation, repository, version } = request;
  return new ChartferryError(`${operation}: ${text}, again and again`, {
    code: "unavailable",
    operation,
    retryable: true,
    registry: url.host,
    repository,
    version,
    status: 503,
    hint: hints.unavailable,
  });
}
