import type { Clock } from "../clock.ts";
import { ChartferryError, isChartferryError } from "../errors.ts";
import { shortestPauseToldMs, type TellPause } from "./host-pause.ts";
import type { HttpAnswer, HttpRequest } from "./http-client.ts";
import { retryAfterMs } from "./retry-after.ts";
import { waitUnlessStopped } from "./wait-unless-stopped.ts";

export interface RetryOptions {
  readonly clock: Clock;
  /** 0 ≤ x < 1; default Math.random. */
  readonly random?: (() => number) | undefined;
  /** A longer Retry-After is not waited for. */
  readonly maxWaitMs: number;
  readonly onPause?: TellPause | undefined;
  /** Once aborted nobody waits any more. */
  readonly stopWaiting?: AbortSignal | undefined;
}

/** The first wait lies between 0 and this, the next between 0 and twice this … (full jitter). */
const baseMs = 400;
const capMs = 20_000;

/** Source: go-containerregistry's and oras-go's lists together; other 4xx are never repeated. */
const repeatable = new Set([408, 429, 499, 500, 502, 503, 504, 522]);

export function isRepeatableStatus(status: number): boolean {
  return repeatable.has(status);
}

/** Waits before attempt `attempt + 1`: as long as the server asked, else a random share of an exponential span. @throws the error itself when the server asked for more than `maxWaitMs`, aborted */
export async function waitBeforeRetry(
  retry: { readonly attempt: number; readonly error: ChartferryError; readonly signal?: AbortSignal | undefined },
  options: RetryOptions,
): Promise<void> {
  const { error, attempt, signal } = retry;
  const { clock, stopWaiting, maxWaitMs } = options;
  if (error.retryAfterMs !== undefined && error.retryAfterMs > maxWaitMs) throw error;
  const milliseconds = backoffMs(attempt, options, error.retryAfterMs);
  tell(milliseconds, error, options);
  await waitUnlessStopped(milliseconds, { clock, signal, stopWaiting, operation: error.operation, registry: error.registry });
}

function tell(milliseconds: number, { registry: host = "", code, message: reason }: ChartferryError, { onPause }: RetryOptions): void {
  if (milliseconds >= shortestPauseToldMs) onPause?.({ host, milliseconds, reason, code });
}

/** A Retry-After is honoured in full; a little chance on top keeps many waiters from coming back at the same moment. */
function backoffMs(attempt: number, { random = Math.random }: RetryOptions, asked: number | undefined): number {
  if (asked !== undefined) return asked + Math.floor(random() * baseMs);
  return Math.floor(random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt - 1, 16)));
}

type Repeatable = Pick<HttpRequest, "operation" | "url" | "repository" | "version" | "retry" | "signal">;
type RepeatOptions = RetryOptions & { readonly attempts: number };

/** Sends until an answer comes that repeating will not better, at most `attempts` times. */
export async function repeatedly(
  send: (attempt: number) => Promise<HttpAnswer>,
  request: Repeatable,
  options: RepeatOptions,
): Promise<HttpAnswer> {
  if (request.retry === "once") return send(1);
  for (let attempt = 1; ; attempt++) {
    const outcome = await tryOnce(send, attempt, { request, options });
    if (!(outcome instanceof ChartferryError)) return outcome;
    await waitBeforeRetry({ attempt, error: outcome, signal: request.signal }, options);
  }
}

/** An answer to give back, or the reason to wait and send again. */
async function tryOnce(
  send: (attempt: number) => Promise<HttpAnswer>,
  attempt: number,
  { request, options }: { readonly request: Repeatable; readonly options: RepeatOptions },
): Promise<HttpAnswer | ChartferryError> {
  const last = attempt >= options.attempts;
  try {
    const answer = await send(attempt);
    if (!repeatable.has(answer.status)) return answer;
    const wait = retryAfterMs(answer.headers, options.clock.now());
    if (last && (wait ?? 0) <= options.maxWaitMs) return answer;
    await answer.dump();
    return toldToWait(answer, request, wait);
  } catch (error) {
    if (!isChartferryError(error) || !error.retryable || last) throw error;
    return error;
  }
}

function toldToWait(
  answer: HttpAnswer,
  request: Pick<HttpRequest, "operation" | "url" | "repository" | "version">,
  wait: number | undefined,
): ChartferryError {
  const seconds = wait === undefined ? undefined : Math.ceil(wait / 1000);
  return new ChartferryError(
    `${answer.url.host} answers ${answer.status}${seconds === undefined ? "" : ` and asks to wait ${seconds} s`}`,
    {
      code: "rate-limited",
      operation: request.operation,
      retryable: true,
      registry: request.url.host,
      repository: request.repository,
      version: request.version,
      status: answer.status,
      retryAfterMs: wait,
      hint: "run it again later, or allow longer waits with --max-wait",
    },
  );
}
