import type { Clock } from "../../clock.ts";
import type { ChartferryError } from "../../errors.ts";
import type { Control } from "./gate-control.ts";
import { heldTooLong, type Refusal } from "./refusal.ts";
import { stoppedWaiting } from "./wait-unless-stopped.ts";

/** One request through all its repeats. */
export interface Patience {
  /** Who came first goes first. */
  readonly order: number;
  /** When it was first held back, milliseconds since 1970; the longest hold counts from here. */
  heldSince: number | undefined;
  /** 503s without a word on when to come back. */
  bareRefusals: number;
  /** Its last attempt ran out of time at a host that has never answered anything. */
  unheard: boolean;
  /** Sending again is of no use: to the gate the host looks broken, not busy, or it was waited for as long as may be. */
  hopeless: boolean;
}

let born = 0;

export function newPatience(): Patience {
  return { order: born++, heldSince: undefined, bareRefusals: 0, unheard: false, hopeless: false };
}

export interface GateRequest {
  readonly method: string;
  readonly url: URL;
  readonly operation: string;
  readonly repository?: string | undefined;
  readonly version?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly patience: Patience;
}

/** A request on the wire. */
export interface Pass {
  readonly action: Action;
  readonly patience: Patience;
  /** The refusals that were known when it started: those of before say nothing about it. */
  readonly control: Control | undefined;
  readonly epoch: number;
  /** How long this request was held back so far, all its repeats together. Milliseconds. */
  readonly heldMs: number;
}

/** What is known of one host. */
export interface Host {
  readonly name: string;
  readonly actions: Map<string, Action>;
  /** 0 = not paused. Milliseconds since 1970. */
  pausedUntil: number;
  lastRefusal: Refusal | undefined;
  pausedMs: number;
  /** Up to when holds are counted in `pausedMs`. */
  countedUntil: number;
}

/** One kind of request at one host, such as the start of an upload. */
export interface Action {
  readonly host: Host;
  readonly firstAt: number;
  inFlight: number;
  granted: number;
  control: Control | undefined;
  readonly queue: Waiter[];
  timer: { readonly at: number; readonly cancel: AbortController } | undefined;
  /** After a pause of the host, so that not all come back at once. Milliseconds between two starts, and since 1970. */
  spread: { readonly interval: number; readonly until: number } | undefined;
  nextAt: number;
}

interface Waiter {
  readonly request: GateRequest;
  readonly deadline: number;
  readonly start: (pass: Pass) => void;
  readonly fail: (error: ChartferryError) => void;
  readonly forget: () => void;
}

export interface LineOptions {
  readonly clock: Clock;
  readonly maxWaitMs: number;
  readonly stopWaiting?: AbortSignal | undefined;
}

/** All that waited come back within this time after a pause. Milliseconds. */
const spreadMs = 500;

export function begin(action: Action, { patience }: GateRequest, heldMs = 0): Pass {
  action.inFlight++;
  return { action, patience, control: action.control, epoch: action.control?.epoch ?? 0, heldMs };
}

export function startNow(action: Action, request: GateRequest, now: number): Pass {
  action.control?.started(now);
  return begin(action, request, now - (request.patience.heldSince ?? now));
}

/** Infinity = when another one has ended. */
export function mayStartAt({ host, control, inFlight, nextAt }: Action): number {
  if (control !== undefined && inFlight >= control.window) return Infinity;
  return Math.max(host.pausedUntil, nextAt, control?.nextAt ?? 0);
}

export function waitInLine(action: Action, request: GateRequest, options: LineOptions): Promise<Pass> {
  const now = options.clock.now();
  return new Promise((start, fail) => {
    if (request.signal?.aborted === true || options.stopWaiting?.aborted === true) return fail(stopped(request));
    request.patience.heldSince ??= now;
    enqueue(action, { request, start, fail, deadline: request.patience.heldSince + options.maxWaitMs });
    pump(action, options);
  });
}

/** Who came first goes first, also with a repeat. */
function enqueue(action: Action, waiting: Omit<Waiter, "forget">): void {
  const { request, fail } = waiting;
  const giveUp = (): void => {
    action.queue.splice(action.queue.indexOf(waiter), 1);
    leaveQueue(action, waiter);
    fail(stopped(request));
  };
  const waiter: Waiter = { ...waiting, forget: () => request.signal?.removeEventListener("abort", giveUp) };
  request.signal?.addEventListener("abort", giveUp);
  let place = action.queue.length;
  while (place > 0 && (action.queue[place - 1]?.request.patience.order ?? 0) > request.patience.order) place--;
  action.queue.splice(place, 0, waiter);
}

/** An empty line needs no timer: the process may end. */
function leaveQueue(action: Action, waiter: Waiter): void {
  waiter.forget();
  if (action.queue.length > 0) return;
  action.timer?.cancel.abort();
  Object.assign(action, { timer: undefined, spread: undefined, nextAt: 0 });
}

/** Starts whoever may start now, and comes back when the next one may. */
export function pump(action: Action, options: LineOptions): void {
  const now = options.clock.now();
  if (action.host.pausedUntil <= now) action.host.pausedUntil = 0;
  failLate(action, now);
  for (;;) {
    const [waiter] = action.queue;
    if (waiter === undefined) return;
    const at = mayStartAt(action);
    if (at > now) return arm(action, Math.min(at, nextDeadline(action)), options);
    spread(action, now);
    action.queue.shift();
    leaveQueue(action, waiter);
    waiter.start(startNow(action, waiter.request, now));
  }
}

/**
 * Without a control only a pause of the whole host can have made a line. Those who come while it is worked off join it and the line may never
 * be empty: so the spacing ends with the time that it was meant for.
 */
function spread(action: Action, now: number): void {
  if (action.control !== undefined) return;
  action.spread ??= { interval: spreadMs / action.queue.length, until: now + spreadMs };
  action.nextAt = now < action.spread.until ? now + action.spread.interval : 0;
}

function nextDeadline({ queue }: Action): number {
  return queue.reduce((least, { deadline }) => Math.min(least, deadline), Infinity);
}

/** Those who would have to wait for longer than they may need not wait at all. */
function failLate(action: Action, now: number): void {
  const { host, queue } = action;
  const late = queue.filter(({ deadline }) => deadline <= now || deadline < host.pausedUntil);
  for (const waiter of late) {
    queue.splice(queue.indexOf(waiter), 1);
    leaveQueue(action, waiter);
    waiter.fail(outOfPatience(waiter.request, { host, now }));
  }
}

export function outOfPatience(request: GateRequest, { host, now }: { readonly host: Host; readonly now: number }): ChartferryError {
  const { patience } = request;
  patience.hopeless = true;
  return heldTooLong(request, { refusal: host.lastRefusal, milliseconds: now - (patience.heldSince ?? now) });
}

export function failAll(action: Action, why: (waiter: Waiter) => ChartferryError): void {
  for (const waiter of action.queue.splice(0)) {
    leaveQueue(action, waiter);
    waiter.fail(why(waiter));
  }
}

function arm(action: Action, at: number, options: LineOptions): void {
  if (at === Infinity || (action.timer !== undefined && action.timer.at <= at)) return;
  action.timer?.cancel.abort();
  const timer = { at, cancel: new AbortController() };
  action.timer = timer;
  const milliseconds = Math.max(1, Math.ceil(at - options.clock.now()));
  const wake = (): void => {
    if (action.timer !== timer) return;
    action.timer = undefined;
    pump(action, options);
  };
  options.clock.sleep(milliseconds, timer.cancel.signal).then(wake, () => undefined);
}

export function stopped({ operation, url, signal }: GateRequest): ChartferryError {
  return stoppedWaiting({ operation, registry: url.host }, signal?.reason);
}
