import type { Clock } from "@chartferry/core";

import type { WaitingEvent } from "./progress-view.ts";

/** A host that holds requests back just now. */
export interface Pause {
  readonly end: "source" | "target";
  readonly target: string | undefined;
  readonly host: string;
  /** Milliseconds that are left. */
  readonly leftMs: number;
}

export interface Pauses {
  /** Whether it is worth a line. Every request that meets a pause tells of it: one line for each host and pause is enough. */
  isNews(event: WaitingEvent): boolean;
  current(): readonly Pause[];
}

interface Known {
  readonly event: WaitingEvent;
  until: number;
  toldAt: number;
  toldUntil: number;
}

/** Short pauses that follow each other get a line this often at most. Milliseconds. */
const quiet = 5000;
/** A pause that grows by less is the same one. Milliseconds. */
const growth = 10_000;

export function createPauses(clock: Pick<Clock, "now">): Pauses {
  const known = new Map<string, Known>();
  return {
    isNews(event) {
      const now = clock.now();
      const key = `${event.target ?? ""}\n${event.host}`;
      const before = known.get(key);
      const ends = now + event.milliseconds;
      const until = Math.max(before?.until ?? 0, ends);
      const isNews = before === undefined || ends > before.toldUntil + growth || now >= Math.max(before.toldAt + quiet, before.toldUntil);
      known.set(key, { event, until, toldAt: isNews ? now : before.toldAt, toldUntil: isNews ? until : before.toldUntil });
      return isNews;
    },
    current() {
      const now = clock.now();
      return [...known.values()]
        .filter(({ until }) => until > now)
        .map(({ event: { end, target, host }, until }) => ({ end, target, host, leftMs: until - now }));
    },
  };
}
