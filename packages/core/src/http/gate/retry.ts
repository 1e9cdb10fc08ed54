import { type Clock, steadyClock } from "../../clock.ts";
import { ChartferryError, isChartferryError } from "../../errors.ts";
import { shortestPauseToldMs, type TellPause } from "./host-pause.ts";
import type { HttpAnswer, HttpRequest } from "../http-client.ts";
import { faultAnswered, isRefusal, refusalOf } from "./refusal.ts";
import { isRepeatableStatus } from "./repeatable-status.ts";
import { newPatience, type Patience } from "./patience.ts";
import { longestSilenceMs, type RequestFault, requestRepeats } from "../repeat-policy.ts";
import { retryAfterMs } from "./retry-after.ts";
import { waitUnlessStopped } from "./wait-unless-stopped.ts";

export interface RetryOptions {
  readonly clock: Clock;
  /** 0 ≤ x < 1; default Math.random. */
  readonly random?: (() => number) | undefined;
  /** For how long one request may be held back in all; a longer Retry-After is not waited for. Milliseconds. */
  readonly maxWaitMs: number;
  readonly onPause?: TellPause | undefined;
  /** Once aborted nobody waits any more. */
  readonly stopWaiting?: AbortSignal | undefined;
}

/** The first wait lies between 0 and this, the next between 0 and twice this … (full jitter). */
const baseMs = 400;
const capMs = 20_000;
/**
 * A server that is started anew is away for seconds: the first wait lies between half of this and all of it, the next between this and twice this …,
 * so that the four of a request last for 7.5 s at least.
 */
const restartMs = 1000;

interface Retry {
  /** 1 after the first failure. */
  readonly attempt: number;
  readonly error: ChartferryError;
  readonly signal?: AbortSignal | undefined;
  /** Attempts at most; for those who watch. */
  readonly of?: number | undefined;
  /** How long the failed attempt took. Milliseconds. */
  readonly tookMs?: number;
}

/** Waits before attempt `attempt + 1`: as long as the server asked, else a random share of an exponential span. @throws the error itself when the server asked for more than `maxWaitMs`, aborted */
export async function waitBeforeRetry(retry: Retry, options: RetryOptions): Promise<void> {
  const { error, attempt, signal } = retry;
  const { clock, stopWaiting, maxWaitMs } = options;
  if (error.retryAfterMs !== undefined && error.retryAfterMs > maxWaitMs) throw error;
  const milliseconds = backoffMs({ attempt, error }, options);
  tell(retry, milliseconds, options);
  await waitUnlessStopped(milliseconds, { clock, signal, stopWaiting, operation: error.operation, registry: error.registry });
}

/** A server that says nothing, or breaks off after a while, is told of however soon it is tried again: nothing else shows why nothing moves. */
function tell(retry: Retry, milliseconds: number, { onPause }: RetryOptions): void {
  const { error, attempt, of } = retry;
  const silence = silenceOf(retry);
  if (milliseconds < shortestPauseToldMs && silence === undefined) return;
  const again = of === undefined ? "trying again" : `trying again (${attempt + 1} of ${of})`;
  const reason = silence === undefined ? error.message : `${silence}, ${again}`;
  onPause?.({ host: error.registry ?? "", milliseconds: Math.round(milliseconds), reason });
}

function silenceOf({ error, tookMs = 0 }: Retry): string | undefined {
  const isLong = tookMs >= shortestPauseToldMs;
  if (error.code === "timeout")
    return isLong && error.receivedBytes === undefined
      ? `no answer from ${error.registry ?? "it"} for ${Math.round(tookMs / 1000)} s`
      : error.message;
  return error.code === "connection-lost" && isLong ? error.message : undefined;
}

/** A Retry-After is honoured in full; a little chance on top keeps many waiters from coming back at the same moment. */
function backoffMs({ attempt, error }: Pick<Retry, "attempt" | "error">, { random = Math.random }: RetryOptions): number {
  if (error.retryAfterMs !== undefined) return error.retryAfterMs + Math.floor(random() * baseMs);
  const growth = 2 ** Math.min(attempt - 1, 16);
  if (error.code === "connection-refused") return Math.floor(Math.min(capMs, restartMs * growth) * (0.5 + random() / 2));
  return Math.floor(random() * Math.min(capMs, baseMs * growth));
}

type Repeatable = Pick<HttpRequest, "operation" | "url" | "repository" | "version" | "repeats" | "patience" | "signal">;
type RepeatOptions = RetryOptions & { readonly attempts: number };
/** One attempt; the gate tells `patience` what became of it. */
export interface Attempt {
  /** 1 = first time. */
  readonly attempt: number;
  readonly patience: Patience;
}
type Send = (attempt: Attempt) => Promise<HttpAnswer>;

/**
 * Sends until an answer comes that repeating will not better, as far as `requestRepeats` goes. Faults are repeated after a while, `attempts` times at
 * most; a host that asks for fewer requests is asked again as soon as the gate lets us, for `maxWaitMs` at most.
 */
export async function repeatedly(send: Send, request: Repeatable, options: RepeatOptions): Promise<HttpAnswer> {
  const { patience = newPatience() } = request;
  let faults = 0;
  const spans = steadyClock(options.clock);
  const since = spans.now();
  for (let attempt = 1; ; attempt++) {
    const last = !isRepeated(request, "broken") || faults + 1 >= options.attempts;
    const began = spans.now();
    const outcome = await tryOnce(send, { attempt, patience }, { request, options, last });
    if (outcome === "refused") {
      await waitOwnTrouble({ request, patience }, options);
      continue;
    }
    if (!(outcome instanceof ChartferryError)) return outcome;
    const tookMs = spans.now() - began;
    if (patience.unheard && spans.now() - since >= longestSilenceMs) throw outcome;
    const of = patience.unheard ? undefined : options.attempts;
    await waitBeforeRetry({ attempt: ++faults, of, tookMs, error: outcome, signal: request.signal }, options);
  }
}

/** For what is refused while others are served the host is not held: who asks for it waits alone. */
async function waitOwnTrouble({ request, patience }: { request: Repeatable; patience: Patience }, options: RetryOptions): Promise<void> {
  const { ownWaitMs } = patience;
  patience.ownWaitMs = 0;
  if (ownWaitMs === 0) return;
  const { clock, stopWaiting } = options;
  const { signal, operation, url } = request;
  await waitUnlessStopped(ownWaitMs, { clock, signal, stopWaiting, operation, registry: new URL(url).host });
}

interface Circumstances {
  readonly request: Repeatable;
  readonly options: RepeatOptions;
  /** What fails now has failed. */
  readonly last: boolean;
}

/** An answer to give back, the reason to wait and send again, or `refused`: send again, the gate knows when. */
async function tryOnce(send: Send, attempt: Attempt, at: Circumstances): Promise<HttpAnswer | ChartferryError | "refused"> {
  try {
    const answer = await send(attempt);
    if (!isRepeatableStatus(answer.status)) return answer;
    if (isRefusal(answer.status)) return refused(answer, attempt, at);
    return await faulty(answer, at);
  } catch (error) {
    if (!isChartferryError(error) || !error.retryable || at.last) throw error;
    if (error.operation !== at.request.operation || isRepeatedAlready(error)) throw error;
    return error;
  }
}

/** Comes from the gate or, under another name, from the token service. Without a status nobody has answered: a proxy has not let us through. */
function isRepeatedAlready({ code, status }: ChartferryError): boolean {
  return code === "rate-limited" || (code === "unavailable" && status !== undefined);
}

function isRepeated({ repeats = "plain" }: Repeatable, fault: RequestFault): boolean {
  return requestRepeats[repeats][fault].remedy !== "none";
}

async function refused(answer: HttpAnswer, { patience }: Attempt, { request }: Circumstances): Promise<HttpAnswer | "refused"> {
  if (!isRepeated(request, "refused") || patience.hopeless) return answer;
  await answer.dump();
  return "refused";
}

async function faulty(answer: HttpAnswer, { request, options, last }: Circumstances): Promise<HttpAnswer | ChartferryError> {
  const askedMs = retryAfterMs(answer.headers, options.clock.now());
  if (!isRepeated(request, "broken") || (last && (askedMs ?? 0) <= options.maxWaitMs)) return answer;
  await answer.dump();
  return faultAnswered(request, refusalOf(answer.url.host, answer.status, askedMs));
}
