import { type Action, createAction, type Pass } from "./gate-action.ts";
import type { Host } from "./gate-host.ts";
import { createGateHosts } from "./gate-hosts.ts";
import { type GateRequest, type LineOptions, outOfPatience, stopped } from "./gate-line.ts";
import { shortestPauseToldMs, type TellPause } from "./host-pause.ts";
import type { HttpAnswer } from "../http-client.ts";
import { outOfService, refusalIn, type Refusal } from "./refusal.ts";
import { toTheEnd } from "./patience.ts";
import type { OwnTrouble } from "./refused-things.ts";
import { isRepeatableStatus } from "./repeatable-status.ts";

/**
 * Where the requests of one end wait for their hosts; each kind of request at each host for itself. Open until a host refuses one (429, 503);
 * then a window of requests in flight that halves and recovers one by one, and a pace for their starts. A Retry-After holds the whole host.
 */
export interface RequestGate {
  /** At once where the gate is open. @throws rate-limited (held for too long), aborted */
  enter(request: GateRequest): Pass | Promise<Pass>;
  /** With the answer that came, if one did. */
  left(pass: Pass, answer?: Pick<HttpAnswer, "status" | "headers" | "url">): void;
  /** Milliseconds that requests to a host, or to all `other hosts`, were held back so far. */
  pausedMs(host: string): number;
  close(): void;
}

export interface GateOptions extends LineOptions {
  readonly random?: (() => number) | undefined;
  /** Refusals in a row, without a word on when to come back, after which a host counts as broken. */
  readonly attempts: number;
  readonly onPause?: TellPause | undefined;
}

export function createRequestGate(options: GateOptions): RequestGate {
  const known = createGateHosts();
  const stop = (): void => {
    for (const host of known.all()) for (const action of host.actions.values()) action.line.failAll(stopped);
  };
  options.stopWaiting?.addEventListener("abort", stop);
  return {
    enter(request) {
      const action = actionOf(known.of(request.url.host), request, options);
      const isOpen = action.flight.control === undefined && action.host.pausedUntil === 0 && action.line.length === 0;
      if (isOpen && request.patience.heldSince === undefined) return action.start(request, 0);
      return enterHeld(action, request, options);
    },
    left(pass, answer) {
      const { flight, line } = pass.action;
      flight.ended();
      if (answer !== undefined) heed(pass, answer, options);
      if (line.length > 0) line.pump();
    },
    pausedMs: (name) => Math.round(known.pausedMs(name, options.clock.now())),
    close() {
      options.stopWaiting?.removeEventListener("abort", stop);
      stop();
    },
  };
}

/** Sends one request as soon as the gate lets it go, and tells the gate what became of it, whatever that is. @throws what `enter` and `send` throw */
export async function throughGate(gate: RequestGate, request: GateRequest, send: (pass: Pass) => Promise<HttpAnswer>): Promise<HttpAnswer> {
  const entering = gate.enter(request);
  // An open gate costs no turn of the event loop.
  const pass = entering instanceof Promise ? await entering : entering;
  let answer: HttpAnswer | undefined;
  try {
    answer = await send(pass);
    return answer;
  } finally {
    gate.left(pass, answer);
  }
}

function actionOf(host: Host, { method, operation }: GateRequest, options: GateOptions): Action {
  const name = `${method} ${operation}`;
  let action = host.actions.get(name);
  if (action === undefined) {
    action = createAction(host, { ...options, random: options.random ?? Math.random });
    host.actions.set(name, action);
  }
  return action;
}

/** The gate is not open: perhaps there is room all the same, else in line. */
function enterHeld(action: Action, request: GateRequest, options: GateOptions): Pass | Promise<Pass> {
  const now = options.clock.now();
  const { host, flight, line } = action;
  host.wake(now);
  flight.open(now);
  const { heldSince = now } = request.patience;
  if (now - heldSince >= options.maxWaitMs) return Promise.reject(outOfPatience(request, { host, now }));
  return line.isFree(now) ? action.start(request, now) : line.wait(request);
}

function heed(pass: Pass, answer: Pick<HttpAnswer, "status" | "headers" | "url">, options: GateOptions): void {
  const now = options.clock.now();
  const refusal = refusalIn(answer, now);
  if (refusal !== undefined) refuse(pass, refusal, { ...options, now });
  else if (!isRepeatableStatus(answer.status)) {
    pass.action.host.served();
    pass.action.refusedThings.served(pass.things);
    pass.action.flight.granted(pass, now);
  }
}

type At = GateOptions & { readonly now: number };

function refuse(pass: Pass, refusal: Refusal, at: At): void {
  const { patience, seen, things } = pass;
  const { host, flight, refusedThings } = pass.action;
  const { now } = at;
  const { askedMs } = refusal;
  host.refusedWith(refusal, { now, thing: things[0] });
  patience.heldSince ??= now;
  patience.refusals++;
  toTheEnd(patience);
  const trouble = refusedThings.refused(things, { now, seen });
  if (askedMs !== undefined) pauseHost(host, { until: now + askedMs, refusal }, at);
  if (trouble !== undefined) return endure(pass, { trouble, askedMs }, at);
  const hold = flight.refused(pass, { now, askedMs });
  if (hold !== undefined && askedMs === undefined) tellHold(host, { until: now + hold, refusal }, at);
  despair(pass, refusal, at);
}

const [firstOwnWaitMs, longestOwnWaitMs] = [400, 20_000];

/** What is refused for ever while others are served fails as a fault does that somebody may be busy with: after some attempts and a minute. */
function endure({ patience }: Pass, { trouble, askedMs }: { trouble: OwnTrouble; askedMs: number | undefined }, at: At): void {
  const { now, attempts, random = Math.random } = at;
  const { refusals, since } = trouble;
  patience.hopeless = refusals >= attempts && now - since >= restartMs;
  // A Retry-After is waited for at the gate.
  patience.ownWaitMs =
    askedMs === undefined ? Math.min(longestOwnWaitMs, firstOwnWaitMs * 2 ** Math.min(refusals, 16)) * (0.75 + random() / 2) : 0;
}

/** A host that has served before may be starting anew, or somebody before it is: that takes a minute. Milliseconds. */
const restartMs = 60_000;

/** Refusals of so many different things speak of the host; those of fewer only where nobody asks for anything else. */
const fewThings = 3;

function areAll(things: ReadonlySet<string>, actions: Iterable<Action>): boolean {
  return things.size >= fewThings || ![...actions].some(({ line }) => line.asksForMoreThan(things));
}

/** Nobody is served there for a minute: who begins now, with whatever kind of request, does not wait for another one. */
function isDown({ actions, hasServed, refusingSince, refusedSince }: Host, now: number): boolean {
  return hasServed && now - refusingSince >= restartMs && areAll(refusedSince, actions.values());
}

function isBroken(action: Action, { attempts, now }: Pick<At, "attempts" | "now">): boolean {
  const { host, flight, refusedThings } = action;
  const { control } = flight;
  if (isDown(host, now)) return true;
  if (control === undefined || control.fruitless < attempts || !areAll(refusedThings.row, [action])) return false;
  return !host.hasServed || now - control.fruitlessSince >= restartMs;
}

/**
 * A 503 without a word on when to come back is a shortage or a fault. It is taken for a fault of the host where nobody was served for a while,
 * and then all who wait have failed with it; and for one of the request where others were served for twice as long.
 */
function despair({ action, patience }: Pass, { status, askedMs, text }: Refusal, { attempts, now }: At): void {
  if (status !== 503 || askedMs !== undefined) return;
  const broken = isBroken(action, { attempts, now });
  patience.hopeless = broken || ++patience.bareRefusals >= 2 * attempts;
  if (!broken) return;
  const lines = isDown(action.host, now) ? [...action.host.actions.values()] : [action];
  for (const { line } of lines)
    line.failAll((request) => {
      request.patience.hopeless = true;
      return outOfService(request, text);
    });
}

interface Hold {
  readonly until: number;
  readonly refusal: Refusal;
}

function pauseHost(host: Host, hold: Hold, at: At): void {
  if (!host.pause(hold.until)) return;
  tellHold(host, hold, at);
  for (const { line } of host.actions.values()) line.pump();
}

function tellHold(host: Host, { until, refusal }: Hold, { now, onPause }: At): void {
  const more = host.countHold(until, now);
  if (more >= shortestPauseToldMs) onPause?.({ host: host.name, milliseconds: Math.round(until - now), reason: refusal.text });
}
