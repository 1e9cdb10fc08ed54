import { setTimeout as delay } from "node:timers/promises";

import type { Clock } from "@chartferry/core";

/** A sleep is over this many times sooner. */
const haste = 300;

/**
 * Real time, but for sleeps: they end early and have then taken as long as they should. Not at once, for what a sleep is only the limit of
 * (a request that another one waits for) must have its chance to come before.
 */
export function hastyClock(): Clock {
  let ahead = 0;
  const now = (): number => Date.now() + ahead;
  return {
    now,
    sleep: async (milliseconds, signal) => {
      const end = now() + milliseconds;
      await delay(milliseconds / haste, undefined, signal === undefined ? {} : { signal });
      ahead += Math.max(0, end - now());
    },
  };
}
