/**
 * How fast requests of one kind may start at a host that has refused some. A window alone cannot hold a token bucket: a registry that answers
 * in 2 ms allows 500 requests a second to a window of one. Nobody tells us the rate, so it is found from refusals: each says that the bucket is
 * empty now, so what was granted between two of them is a lower bound of what the bucket takes in; and at what pace we were refused is an upper one.
 */
export interface Pace {
  /** Before this time (milliseconds since 1970) nothing starts. */
  readonly nextAt: number;
  /** Refusals in a row with nothing granted in between. */
  readonly fruitless: number;
  /** When the first of them came, milliseconds since 1970; Infinity = there is none. */
  readonly fruitlessSince: number;
  /** The last refusal is so long ago that it limits nobody any more. */
  isOver(now: number): boolean;
  started(now: number): void;
  /** An answer to a request that started after the last refusal. */
  granted(): void;
  /** Gives back for how long nothing starts, in milliseconds. */
  refused(now: number, askedMs: number | undefined): number;
}

export interface PaceOptions {
  /** Requests a millisecond, as they were before the first refusal. */
  readonly rate: number;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
}

/** Grants from which a rate can be told. */
const sampleSize = 10;
/** A search is back at the pace that was refused after so long, and grows by this factor in that time at least. */
const climbSeconds = 4;
const leastGrowth = 1.5;
/** The middle is so close to the pace that was refused that it may be held. */
const closeBy = 1.35;
/** A search that lasted so long without a refusal is near its goal, and a hold near it is no longer. Milliseconds. */
const nearMs = 1000;
/** The first hold without a Retry-After; doubles while nothing at all is granted. Milliseconds. */
const firstHoldMs = 400;
const longestHoldMs = 20_000;
/** A Retry-After and a little chance on top, so that many clients do not come back at one moment: so much of it, and milliseconds at most. */
const jitterShare = 0.2;
const jitterMs = 400;
/** Timers are late by this much: what they cost is made up for. Milliseconds. */
const latenessMs = 50;
/** A known rate falls by this share after a refusal and is back after so many seconds. */
const dip = 0.08;
const plateauSeconds = 10;
/** By then a known rate has grown six-fold without a refusal. Milliseconds. */
const overMs = 30_000;
/** Requests a millisecond. A search goes no slower: while nothing is granted its holds grow. */
const slowestSearch = 1 / 4000;
const slowest = 1 / 20_000;
const fastest = 1000;

export function createPace({ rate, random }: PaceOptions): Pace {
  const state: PaceState = {
    base: clamp(rate, slowestSearch),
    steady: false,
    resumed: Infinity,
    anchor: undefined,
    grants: 0,
    refusedAt: Infinity,
    fruitless: 0,
    fruitlessSince: Infinity,
    due: 0,
    nextAt: 0,
  };
  return {
    get nextAt() {
      return state.nextAt;
    },
    get fruitless() {
      return state.fruitless;
    },
    get fruitlessSince() {
      return state.fruitlessSince;
    },
    isOver: (now) => now - state.resumed > overMs,
    started(now) {
      const interval = 1 / rateAt(state, now);
      state.due = Math.max(state.due, now - latenessMs) + interval;
      // What a late timer cost is made up for bit by bit: a bucket without reserve would refuse two at once.
      state.nextAt = Math.max(state.due, now + Math.min(interval * 0.9, interval - 1));
    },
    granted() {
      state.grants++;
      Object.assign(state, { fruitless: 0, fruitlessSince: Infinity });
    },
    refused(now, askedMs) {
      const near = slowDown(state, { now, askedMs });
      const hold = askedMs === undefined ? holdMs(state, { near, random }) : askedMs + random() * Math.min(jitterMs, askedMs * jitterShare);
      Object.assign(state, {
        anchor: now,
        grants: 0,
        fruitless: state.fruitless + 1,
        fruitlessSince: Math.min(state.fruitlessSince, now),
        resumed: now + hold,
        due: now + hold,
        nextAt: now + hold,
      });
      return hold;
    },
  };
}

interface PaceState {
  /** Requests a millisecond right after the last refusal. */
  base: number;
  /** The rate is known; before, it is searched for in large steps. */
  steady: boolean;
  /** When requests went on after the last refusal. */
  resumed: number;
  /** The last refusal: the bucket was empty. */
  anchor: number | undefined;
  /** Since the anchor. */
  grants: number;
  /** The rate at the last refusal. */
  refusedAt: number;
  /** Refusals in a row with nothing granted in between. */
  fruitless: number;
  fruitlessSince: number;
  /** When the next start would be if every timer were on time. */
  due: number;
  nextAt: number;
}

/**
 * Sought: back at the rate that was refused after some seconds, so gently that a small bucket shows how fast it fills. Known: soon back near the
 * ceiling, long there, then away from it ever faster (the curve of CUBIC, RFC 9438).
 */
function rateAt({ base, steady, resumed, refusedAt }: PaceState, now: number): number {
  const seconds = Math.max(0, now - resumed) / 1000;
  if (!steady) return Math.min(fastest, base * Math.max(leastGrowth, refusedAt / base) ** Math.min(seconds / climbSeconds, 60));
  const curve = 1 + dip * (seconds / plateauSeconds - 1) ** 3;
  return Math.min(fastest, base * curve * 2 ** Math.min(60, Math.max(0, (seconds - 2 * plateauSeconds) / 5)));
}

/**
 * Sets the pace after a refusal. Whether it was nearly right, so that the bucket need not be let fill up. The rate lies between what was granted
 * since the refusal before, the time in which nothing started included (all of it, where the bucket is large enough to have kept that), and the
 * pace that was refused now (where it keeps next to nothing): until these are close, the middle is tried.
 */
function slowDown(state: PaceState, refusal: { readonly now: number; readonly askedMs: number | undefined }): boolean {
  const current = rateAt(state, refusal.now);
  const middle = middleOf(state, { now: refusal.now, current });
  const same = isSame(state, { now: refusal.now, current });
  const cheap = isCheap(state, refusal);
  const near = state.grants >= sampleSize && (same || cheap || current < middle * closeBy);
  state.base = clamp(near && (same || cheap) ? current * 0.98 : middle, state.steady ? slowest : slowestSearch);
  // A known rate that nobody grants any more is no longer known.
  state.steady = near || (state.steady && state.fruitless < 2);
  state.refusedAt = current;
  return near;
}

interface Refused {
  readonly now: number;
  readonly current: number;
}

function middleOf({ anchor, grants }: PaceState, { now, current }: Refused): number {
  const least = anchor === undefined ? 0 : Math.min(current, grants / Math.max(1, now - anchor));
  return least === 0 ? current / 2 : Math.sqrt(current * least);
}

/** Where a refusal costs next to nothing, the pace that was refused may be tried again. */
function isCheap({ steady, resumed }: PaceState, { now, askedMs }: { now: number; askedMs: number | undefined }): boolean {
  return askedMs === undefined && (steady || now - resumed >= nearMs);
}

/** Refused at the same pace as the last time, to which it had come from below, and not so long after that it was tried out far beyond. */
function isSame({ fruitless, refusedAt, base, resumed }: PaceState, { now, current }: Refused): boolean {
  if (fruitless > 0 || current <= base || now - resumed > 2000 * plateauSeconds) return false;
  return current > refusedAt * 0.95 && current < refusedAt * 1.08;
}

function holdMs({ base, fruitless, steady }: PaceState, { near, random }: { near: boolean; random: () => number }): number {
  if (near || (steady && fruitless === 0)) return Math.min(2 / base, nearMs);
  return Math.min(longestHoldMs, firstHoldMs * 2 ** Math.min(fruitless, 16)) * (0.75 + random() / 2);
}

function clamp(rate: number, least: number): number {
  return Math.min(fastest, Math.max(least, rate));
}
