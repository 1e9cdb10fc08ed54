import type { Clock } from "@chartferry/core";

import { createWakeUp } from "./bounded-channel.ts";

/** How many versions a lane has in flight: fewer when the registry asks for less, slowly more again when it copes. */
export interface AdaptiveWindow {
  readonly size: number;
  /** Waits for a free place, and while the host is paused; not beyond `stop`. */
  enter(): Promise<void>;
  leave(how: "well" | "throttled" | "neither"): void;
  /** Nothing new starts for this long. */
  pause(milliseconds: number): void;
}

export function createAdaptiveWindow(limit: number, clock: Clock, stop?: AbortSignal): AdaptiveWindow {
  const freed = createWakeUp();
  let size = limit;
  let inside = 0;
  let wellInARow = 0;
  let pausedUntil = 0;
  return {
    get size() {
      return size;
    },
    async enter() {
      for (;;) {
        const pause = pausedUntil - clock.now();
        if (stop?.aborted === true) break;
        if (pause > 0) await clock.sleep(pause, stop).catch(() => {});
        else if (inside >= size) await freed.wait();
        else break;
      }
      inside++;
    },
    leave(how) {
      inside--;
      if (how === "throttled") {
        size = Math.max(1, Math.floor(size / 2));
        wellInARow = 0;
      } else if (how === "well" && ++wellInARow >= size * 4) {
        size = Math.min(limit, size + 1);
        wellInARow = 0;
      }
      freed.wake();
    },
    pause(milliseconds) {
      pausedUntil = Math.max(pausedUntil, clock.now() + milliseconds);
    },
  };
}
