import type { Clock } from "@chartferry/core";

/** A registry's own clock: goes as the machine's does, and forward when a test says so. */
export interface EmulatorClock extends Clock {
  /** Milliseconds. */
  advance(milliseconds: number): void;
}

export function emulatorClock(): EmulatorClock {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    sleep: () => Promise.reject(new Error("an emulator waits for nobody")),
    advance: (milliseconds) => {
      ahead += milliseconds;
    },
  };
}
