import { setTimeout as delay } from "node:timers/promises";

/** Time as an argument, so that waits and expiries can be tested without waiting. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /** Milliseconds that go on whatever happens to the clock of the machine; default: as `now`. */
  steady?(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  steady: () => performance.timeOrigin + performance.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  },
};

/** The same clock for whoever measures spans: nobody sets it back. */
export function steadyClock(clock: Clock): Clock {
  return { now: () => clock.steady?.() ?? clock.now(), sleep: (ms, signal) => clock.sleep(ms, signal) };
}
