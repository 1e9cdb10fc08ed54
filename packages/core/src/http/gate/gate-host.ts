import type { Action } from "./gate-action.ts";
import type { Refusal } from "./refusal.ts";
import { remember } from "./refused-things.ts";

/** What is known of one host. Only its own methods change it. Times in milliseconds since 1970. */
export interface Host {
  readonly name: string;
  readonly actions: Map<string, Action>;
  /** 0 = not paused. */
  readonly pausedUntil: number;
  readonly lastRefusal: Refusal | undefined;
  refusedWith(refusal: Refusal, at: { readonly now: number; readonly thing: string }): void;
  /** It has served somebody something: what it refuses now may be a matter of a minute. */
  readonly hasServed: boolean;
  /** When it refused for the first time since then; Infinity = it has not. */
  readonly refusingSince: number;
  /** What it refused since then. */
  readonly refusedSince: ReadonlySet<string>;
  served(): void;
  /** Nothing starts before then; an earlier end changes nothing. Whether it does. */
  pause(until: number): boolean;
  /** Ends a pause whose time has come. */
  wake(now: number): void;
  /** Counts a hold up to then, and gives back how much of it was not counted yet. */
  countHold(until: number, now: number): number;
  /** For how long requests were held back until now. */
  pausedMs(now: number): number;
}

export function createHost(name: string): Host {
  let lastRefusal: Refusal | undefined;
  let [hasServed, refusingSince] = [false, Infinity];
  const refusedSince = new Set<string>();
  let [pausedUntil, pausedMs, countedUntil] = [0, 0, 0];
  return {
    name,
    actions: new Map(),
    get pausedUntil() {
      return pausedUntil;
    },
    get lastRefusal() {
      return lastRefusal;
    },
    get hasServed() {
      return hasServed;
    },
    get refusingSince() {
      return refusingSince;
    },
    refusedSince,
    served() {
      [hasServed, refusingSince] = [true, Infinity];
      refusedSince.clear();
    },
    refusedWith(refusal, { now, thing }) {
      remember(refusedSince, thing);
      refusingSince = Math.min(refusingSince, now);
      lastRefusal = refusal;
    },
    pause(until) {
      if (until <= pausedUntil) return false;
      pausedUntil = until;
      return true;
    },
    wake(now) {
      if (pausedUntil <= now) pausedUntil = 0;
    },
    countHold(until, now) {
      const more = Math.max(0, until - Math.max(now, countedUntil));
      if (more === 0) return 0;
      pausedMs += more;
      countedUntil = until;
      return more;
    },
    pausedMs: (now) => pausedMs - Math.max(0, countedUntil - now),
  };
}
