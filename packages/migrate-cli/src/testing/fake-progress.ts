import type { RunFigures } from "../engine/keep/run-figures.ts";
import type { Every } from "../output/every.ts";

/** A clock and timers that move only when told. */
export interface FakeTime {
  readonly clock: { now(): number };
  readonly every: Every;
  /** Lets time pass, second by second or in smaller steps; timers run when they are due. */
  pass(milliseconds: number): void;
  readonly timers: () => number;
}

export function createFakeTime(): FakeTime {
  let now = Date.UTC(2024, 0, 1);
  const timers = new Set<{ readonly interval: number; due: number; readonly action: () => void }>();
  return {
    clock: { now: () => now },
    every(interval, action) {
      const timer = { interval, due: now + interval, action };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    pass(milliseconds) {
      const end = now + milliseconds;
      for (;;) {
        const [next] = [...timers].filter(({ due }) => due <= end).toSorted((left, right) => left.due - right.due);
        if (next === undefined) break;
        now = next.due;
        next.due += next.interval;
        next.action();
      }
      now = end;
    },
    timers: () => timers.size,
  };
}

export interface FakeCounts {
  readonly entries?: number;
  readonly pushed?: number;
  readonly skipped?: number;
  readonly failed?: number;
  readonly bytes?: number;
  readonly inFlight?: number;
  readonly requests?: number;
  readonly retries?: number;
  readonly crawled?: boolean;
}

const nothing: Required<FakeCounts> = {
  entries: 0,
  pushed: 0,
  skipped: 0,
  failed: 0,
  bytes: 0,
  inFlight: 0,
  requests: 0,
  retries: 0,
  crawled: false,
};

/** Figures of a run with the same counts at each target. */
export function figuresWith(targets: readonly string[], counts: FakeCounts = {}): RunFigures {
  const { entries, pushed, skipped, failed, bytes, inFlight, requests, retries, crawled } = { ...nothing, ...counts };
  const all = { pushed, skipped, failed, refused: 0, "not-attempted": 0, bytes };
  return {
    crawled,
    connecting: [],
    inFlight: Object.fromEntries(targets.map((target) => [target, inFlight])),
    totals: {
      entries,
      excluded: 0,
      excludedBy: {},
      problems: 0,
      targets: Object.fromEntries(targets.map((target) => [target, all])),
      downloads: { charts: 0, reopened: 0, bytes: 0 },
    },
    hosts: targets.map((target) => ({
      end: "target",
      target,
      host: "registry.test",
      requests,
      retries,
      bytesSent: 0,
      bytesReceived: 0,
      throttled: 0,
      pausedMs: 0,
    })),
  };
}
