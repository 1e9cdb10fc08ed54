import type { WorkQueue } from "./work-queue.ts";

export interface FlightCount {
  /** The queue to work with. */
  readonly queue: WorkQueue;
  /** Versions that each target took and has not yet done with. */
  inFlight(): Readonly<Record<string, number>>;
}

/** Counts what lies between taking an item and acknowledging it. */
export function countInFlight(queue: WorkQueue, targets: readonly string[]): FlightCount {
  const counts = new Map(targets.map((target) => [target, 0]));
  const add = (target: string, change: number): void => void counts.set(target, (counts.get(target) ?? 0) + change);
  return {
    queue: {
      ...queue,
      async take(target) {
        const delivery = await queue.take(target);
        if (delivery === undefined) return undefined;
        add(target, 1);
        return { ...delivery, ack: (outcome) => delivery.ack(outcome).finally(() => add(target, -1)) };
      },
    },
    inFlight: () => Object.fromEntries(counts),
  };
}
