import type { Clock } from "../../clock.ts";
import { createControl } from "./gate-control.ts";
import {
  type Action,
  begin,
  failAll,
  type GateRequest,
  type Host,
  type LineOptions,
  mayStartAt,
  outOfPatience,
  type Pass,
  pump,
  startNow,
  stopped,
  waitInLine,
} from "./gate-line.ts";
import { createGateHosts } from "./gate-hosts.ts";
import { shortestPauseToldMs, type TellPause } from "./host-pause.ts";
import type { HttpAnswer } from "../http-client.ts";
import { outOfService, refusalIn, type Refusal } from "./refusal.ts";
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
    for (const host of known.all()) for (const action of host.actions.values()) failAll(action, ({ request }) => stopped(request));
  };
  options.stopWaiting?.addEventListener("abort", stop);
  return {
    enter(request) {
      const action = actionOf(known.of(request.url.host), request, options.clock);
      const isOpen = action.control === undefined && action.host.pausedUntil === 0 && action.queue.length === 0;
      if (isOpen && request.patience.heldSince === undefined) return begin(action, request);
      return enterHeld(action, request, options);
    },
    left(pass, answer) {
      const { action } = pass;
      action.inFlight--;
      const refusal = answer === undefined ? undefined : refusalIn(answer, options.clock.now());
      if (refusal !== undefined) refuse(pass, refusal, options);
      else if (answer !== undefined && !isRepeatableStatus(answer.status)) grant(pass);
      if (action.queue.length > 0) pump(action, options);
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

function actionOf(host: Host, { method, operation }: GateRequest, clock: Clock): Action {
  const name = `${method} ${operation}`;
  let action = host.actions.get(name);
  if (action === undefined) {
    const fresh = { inFlight: 0, granted: 0, control: undefined, timer: undefined, spread: undefined, nextAt: 0 };
    action = { ...fresh, host, firstAt: clock.now(), queue: [] };
    host.actions.set(name, action);
  }
  return action;
}

/** The gate is not open: perhaps there is room all the same, else in line. */
function enterHeld(action: Action, request: GateRequest, options: GateOptions): Pass | Promise<Pass> {
  const now = options.clock.now();
  const { host, control } = action;
  if (host.pausedUntil <= now) host.pausedUntil = 0;
  if (control?.isOver(now) === true) action.control = undefined;
  const { heldSince = now } = request.patience;
  if (now - heldSince >= options.maxWaitMs) return Promise.reject(outOfPatience(request, { host, now }));
  if (action.queue.length === 0 && mayStartAt(action) <= now) return startNow(action, request, now);
  return waitInLine(action, request, options);
}

function grant({ action, control, epoch }: Pass): void {
  action.granted++;
  if (control !== undefined && control === action.control && epoch === control.epoch) control.granted();
}

function refuse(pass: Pass, refusal: Refusal, options: GateOptions): void {
  const { action } = pass;
  const now = options.clock.now();
  action.host.lastRefusal = refusal;
  pass.patience.heldSince ??= now;
  if (refusal.askedMs !== undefined) pauseHost(action.host, now + refusal.askedMs, options);
  // One shortage refuses many requests at once: those that started before it was known say nothing new.
  if (action.control === pass.control && (pass.control === undefined || pass.epoch === pass.control.epoch)) {
    const rate = (action.granted + 1) / Math.max(1, now - action.firstAt);
    action.control ??= createControl({ rate, random: options.random ?? Math.random });
    const hold = action.control.refused({ now, askedMs: refusal.askedMs, inFlight: action.inFlight + 1 });
    if (refusal.askedMs === undefined) tellHold(action.host, { until: now + hold, refusal }, options);
  }
  despair(pass, refusal, options);
}

/**
 * A 503 without a word on when to come back is a shortage or a fault. It is taken for a fault of the host where nobody was served for a while,
 * and then all who wait have failed with it; and for one of the thing asked for where all others were served for twice as long.
 */
function despair({ action, patience }: Pass, { status, askedMs, text }: Refusal, { attempts }: GateOptions): void {
  if (status !== 503 || (askedMs ?? 0) > 0) return;
  const broken = (action.control?.fruitless ?? 0) >= attempts;
  patience.hopeless = broken || ++patience.bareRefusals >= 2 * attempts;
  if (!broken) return;
  failAll(action, ({ request }) => {
    request.patience.hopeless = true;
    return outOfService(request, text);
  });
}

function pauseHost(host: Host, until: number, options: GateOptions): void {
  const refusal = host.lastRefusal;
  if (until <= host.pausedUntil || refusal === undefined) return;
  tellHold(host, { until, refusal }, options);
  host.pausedUntil = until;
  for (const action of host.actions.values()) pump(action, options);
}

function tellHold(host: Host, { until, refusal }: { until: number; refusal: Refusal }, { clock, onPause }: GateOptions): void {
  const now = clock.now();
  const more = until - Math.max(now, host.countedUntil);
  if (more <= 0) return;
  host.pausedMs += more;
  host.countedUntil = until;
  const milliseconds = Math.round(until - now);
  if (more >= shortestPauseToldMs) onPause?.({ host: host.name, milliseconds, reason: refusal.text });
}
