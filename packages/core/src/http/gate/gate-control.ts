import { createPace, type Pace, type PaceOptions } from "./pace.ts";

/** What holds back the requests of one kind once a host has refused some. */
export interface Control extends Pick<Pace, "nextAt" | "fruitless" | "fruitlessSince" | "isOver" | "started" | "granted"> {
  /** Requests in flight at most. */
  readonly window: number;
  /** Counts the refusals that were heeded. */
  readonly epoch: number;
  /** Gives back for how long nothing starts, in milliseconds. */
  refused(refusal: { readonly now: number; readonly askedMs: number | undefined; readonly inFlight: number }): number;
}

/** The window halves with every refusal and gets one place more each time that all of it was served; beside it the pace. */
export function createControl(options: PaceOptions): Control {
  const pace = createPace(options);
  let [window, good, epoch] = [Infinity, 0, 0];
  return {
    get window() {
      return window;
    },
    get epoch() {
      return epoch;
    },
    get nextAt() {
      return pace.nextAt;
    },
    get fruitless() {
      return pace.fruitless;
    },
    get fruitlessSince() {
      return pace.fruitlessSince;
    },
    isOver: (now) => pace.isOver(now),
    started: (now) => pace.started(now),
    granted() {
      pace.granted();
      if (++good < window) return;
      window++;
      good = 0;
    },
    refused({ now, askedMs, inFlight }) {
      epoch++;
      window = Math.max(1, Math.floor(Math.min(window, inFlight) / 2));
      good = 0;
      return pace.refused(now, askedMs);
    },
  };
}
