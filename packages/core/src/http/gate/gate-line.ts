import type { Clock } from "../../clock.ts";
import type { ChartferryError } from "../../errors.ts";
import type { Flight, Pass } from "./gate-action.ts";
import type { Host } from "./gate-host.ts";
import type { Patience } from "./patience.ts";
import { heldTooLong } from "./refusal.ts";
import { type RefusedThings, thingsOf } from "./refused-things.ts";
import { stoppedWaiting } from "./wait-unless-stopped.ts";

export interface GateRequest {
  readonly method: string;
  readonly url: URL;
  readonly operation: string;
  readonly repository?: string | undefined;
  readonly version?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly patience: Patience;
}

/** Those who wait to start a request of one kind at one host. Only its own methods change it. */
export interface Line {
  readonly length: number;
  /** Whether somebody who does not wait yet may start. */
  isFree(now: number): boolean;
  wait(request: GateRequest): Promise<Pass>;
  /** Starts whoever may start now, and comes back when the next one may. */
  pump(): void;
  /** Whether somebody waits for something else than these. */
  asksForMoreThan(things: ReadonlySet<string>): boolean;
  failAll(why: (request: GateRequest) => ChartferryError): void;
}

export interface LineOptions {
  readonly clock: Clock;
  readonly maxWaitMs: number;
  readonly stopWaiting?: AbortSignal | undefined;
}

/** Where the line leads. */
export interface LineEnd {
  readonly host: Host;
  readonly flight: Flight;
  readonly refusedThings: Pick<RefusedThings, "row">;
  readonly start: (request: GateRequest, now: number) => Pass;
}

interface Waiter {
  readonly request: GateRequest;
  readonly deadline: number;
  readonly start: (pass: Pass) => void;
  readonly fail: (error: ChartferryError) => void;
  readonly forget: () => void;
}

interface OwnLine extends LineEnd {
  readonly options: LineOptions;
  readonly queue: Waiter[];
  timer: { readonly at: number; readonly cancel: AbortController } | undefined;
  /** After a pause of the host, so that not all come back at once. Milliseconds between two starts, and since 1970. */
  spread: { readonly interval: number; readonly until: number } | undefined;
  nextAt: number;
}

/** All that waited come back within this time after a pause. Milliseconds. */
const spreadMs = 500;

export function createLine(end: LineEnd, options: LineOptions): Line {
  const line: OwnLine = { ...end, options, queue: [], timer: undefined, spread: undefined, nextAt: 0 };
  return {
    get length() {
      return line.queue.length;
    },
    isFree: (now) => line.queue.length === 0 && mayStartAt(line) <= now,
    wait: (request) => wait(line, request),
    pump: () => pump(line),
    asksForMoreThan: (things) => line.queue.some((waiter) => !asksFor(waiter, things)),
    failAll(why) {
      for (const waiter of line.queue.splice(0)) {
        leave(line, waiter);
        waiter.fail(why(waiter.request));
      }
    },
  };
}

/** Infinity = when another one has ended. */
function mayStartAt({ host, flight: { control, inFlight }, nextAt }: OwnLine): number {
  if (control !== undefined && inFlight >= control.window) return Infinity;
  return Math.max(host.pausedUntil, nextAt, control?.nextAt ?? 0);
}

function wait(line: OwnLine, request: GateRequest): Promise<Pass> {
  const { clock, stopWaiting, maxWaitMs } = line.options;
  const now = clock.now();
  return new Promise((start, fail) => {
    if (request.signal?.aborted === true || stopWaiting?.aborted === true) return fail(stopped(request));
    request.patience.heldSince ??= now;
    enqueue(line, { request, start, fail, deadline: request.patience.heldSince + maxWaitMs });
    pump(line);
  });
}

/** Who came first, or was refused first, goes first. */
function enqueue(line: OwnLine, waiting: Omit<Waiter, "forget">): void {
  const { request, fail } = waiting;
  const giveUp = (): void => {
    line.queue.splice(line.queue.indexOf(waiter), 1);
    leave(line, waiter);
    fail(stopped(request));
  };
  const waiter: Waiter = { ...waiting, forget: () => request.signal?.removeEventListener("abort", giveUp) };
  request.signal?.addEventListener("abort", giveUp);
  let place = line.queue.length;
  while (place > 0 && (line.queue[place - 1]?.request.patience.order ?? 0) > request.patience.order) place--;
  line.queue.splice(place, 0, waiter);
}

/** An empty line needs no timer: the process may end. */
function leave(line: OwnLine, waiter: Waiter): void {
  waiter.forget();
  if (line.queue.length > 0) return;
  line.timer?.cancel.abort();
  line.timer = undefined;
  line.spread = undefined;
  line.nextAt = 0;
}

function pump(line: OwnLine): void {
  const now = line.options.clock.now();
  line.host.wake(now);
  failLate(line, now);
  for (;;) {
    const waiter = nextOf(line);
    if (waiter === undefined) return;
    const at = mayStartAt(line);
    if (at > now) return arm(line, Math.min(at, nextDeadline(line)));
    spread(line, now);
    line.queue.splice(line.queue.indexOf(waiter), 1);
    leave(line, waiter);
    waiter.start(line.start(waiter.request, now));
  }
}

/** While everything is refused, each one who is sent is to ask for something else: it may be one thing only that is refused. */
function nextOf({ queue, refusedThings: { row } }: OwnLine): Waiter | undefined {
  const [first] = queue;
  return row.size === 0 ? first : (queue.find((waiter) => !asksFor(waiter, row)) ?? first);
}

function asksFor({ request }: Waiter, things: ReadonlySet<string>): boolean {
  return things.has(thingsOf(request)[0]);
}

/**
 * Without a control only a pause of the whole host can have made a line. Those who come while it is worked off join it and the line may never
 * be empty: so the spacing ends with the time that it was meant for.
 */
function spread(line: OwnLine, now: number): void {
  if (line.flight.control !== undefined) return;
  line.spread ??= { interval: spreadMs / line.queue.length, until: now + spreadMs };
  line.nextAt = now < line.spread.until ? now + line.spread.interval : 0;
}

function nextDeadline({ queue }: OwnLine): number {
  return queue.reduce((least, { deadline }) => Math.min(least, deadline), Infinity);
}

/** Those who would have to wait for longer than they may need not wait at all. */
function failLate(line: OwnLine, now: number): void {
  const { host, queue } = line;
  const late = queue.filter(({ deadline }) => deadline <= now || deadline < host.pausedUntil);
  for (const waiter of late) {
    queue.splice(queue.indexOf(waiter), 1);
    leave(line, waiter);
    waiter.fail(outOfPatience(waiter.request, { host, now }));
  }
}

export function outOfPatience(request: GateRequest, { host, now }: { readonly host: Host; readonly now: number }): ChartferryError {
  const { patience } = request;
  patience.hopeless = true;
  return heldTooLong(request, { refusal: host.lastRefusal, milliseconds: now - (patience.heldSince ?? now) });
}

function arm(line: OwnLine, at: number): void {
  if (at === Infinity || (line.timer !== undefined && line.timer.at <= at)) return;
  line.timer?.cancel.abort();
  const timer = { at, cancel: new AbortController() };
  line.timer = timer;
  const milliseconds = Math.max(1, Math.ceil(at - line.options.clock.now()));
  const wake = (): void => {
    if (line.timer !== timer) return;
    line.timer = undefined;
    pump(line);
  };
  line.options.clock.sleep(milliseconds, timer.cancel.signal).then(wake, () => undefined);
}

export function stopped({ operation, url, signal }: GateRequest): ChartferryError {
  return stoppedWaiting({ operation, registry: url.host }, signal?.reason);
}
