import type { Clock } from "@chartferry/core";

/** Milliseconds between two reports of the figures while they move. */
const lineInterval = 5000;
/** … and while they stand still, in the end: nobody wants the same line 180 times. */
const longestInterval = 60_000;

/** When the figures are due: every few seconds while they change, ever more seldom while they do not. */
export interface Cadence {
  /** `state` = the figures in any form that is equal when they are. */
  isDue(state: string): boolean;
}

export function createCadence(clock: Pick<Clock, "now">): Cadence {
  let [last, shown, interval] = [clock.now(), "", lineInterval];
  return {
    isDue(state) {
      const moved = state !== shown;
      if (clock.now() - last < (moved ? lineInterval : interval)) return false;
      interval = moved ? lineInterval : Math.min(longestInterval, interval * 2);
      [last, shown] = [clock.now(), state];
      return true;
    },
  };
}
