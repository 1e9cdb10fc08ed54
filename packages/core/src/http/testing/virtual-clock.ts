import type { Clock } from "../../clock.ts";

export interface VirtualClock extends Clock {
  /** Lets time pass, from one sleeper to the next, until the work is done. */
  run<T>(work: Promise<T>): Promise<T>;
}

/** Time that passes only when everybody sleeps, so that hours take no time and every run is like the last. */
export function virtualClock(start = Date.UTC(2024, 0, 1)): VirtualClock {
  let now = start;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  return {
    now: () => now,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        const give = (): void => {
          sleepers.delete(sleeper);
          reject(new Error("aborted"));
        };
        const wake = (): void => {
          signal?.removeEventListener("abort", give);
          resolve();
        };
        const sleeper = { at: now + Math.max(0, milliseconds), wake };
        if (signal?.aborted === true) return give();
        signal?.addEventListener("abort", give);
        sleepers.add(sleeper);
      }),
    async run(work) {
      let over = false;
      const finish = (): void => void (over = true);
      work.then(finish, finish);
      for (;;) {
        // Whoever is awake goes on until all sleep.
        await new Promise(setImmediate);
        if (over) return work;
        const next = [...sleepers].reduce<{ at: number; wake: () => void } | undefined>(
          (a, b) => (a !== undefined && a.at <= b.at ? a : b),
          undefined,
        );
        if (next === undefined) throw new Error("everybody waits for nothing");
        sleepers.delete(next);
        now = Math.max(now, next.at);
        next.wake();
      }
    },
  };
}
