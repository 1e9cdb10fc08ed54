import { createBoundedChannel, createWakeUp } from "./tables/bounded-channel.ts";
import { createOverflowFile, type OverflowFile } from "./tables/overflow-file.ts";
import type { Outcome, WorkItem } from "./work-item.ts";

/** An item in the hands of one lane. */
export interface Delivery {
  readonly item: WorkItem;
  /** 1 the first time; more when an earlier taker vanished. Such an item starts with a look at the tag. */
  readonly delivery: number;
  /** Says that work goes on, so that nobody else is given the item. */
  extend(): Promise<void>;
  /** Done, for better or worse. */
  ack(outcome: Outcome): Promise<void>;
}

/** All that the engine asks of a queue; a shared one for many machines fits behind it. */
export interface WorkQueue {
  /** Waits while every target has enough to do. */
  put(item: WorkItem): Promise<void>;
  /** The next item of a target; `undefined` = closed and empty. */
  take(target: string): Promise<Delivery | undefined>;
  /** Ends when the queue is closed and every item is acknowledged. */
  outcomes(): AsyncIterable<Outcome>;
  /** No more items come. */
  close(): Promise<void>;
  /** Nobody acknowledges any more: `outcomes` ends, though some items may still be out with a taker that failed. */
  abandon(): void;
}

interface Lane {
  readonly ready: WorkItem[];
  readonly overflow: OverflowFile<WorkItem>;
}

/**
 * Within one process. Each target keeps at most `limit` items in memory. The fastest target sets the pace of `put`: what a slower one
 * has not yet taken goes to a temporary file, so it neither holds the others back nor fills the memory.
 */
export function createWorkQueue(targets: readonly string[], limit = 512): WorkQueue {
  const lanes = new Map<string, Lane>(targets.map((target) => [target, { ready: [], overflow: createOverflowFile<WorkItem>() }]));
  const outcomes = createBoundedChannel<Outcome>(limit);
  const [taken, arrived] = [createWakeUp(), createWakeUp()];
  let [open, closed] = [0, false];
  const endWhenDone = (): void => {
    if (closed && open === 0) outcomes.end();
  };
  const deliver = (item: WorkItem): Delivery => ({
    item,
    delivery: 1,
    extend: () => Promise.resolve(),
    async ack(outcome) {
      await outcomes.send(outcome);
      open--;
      endWhenDone();
    },
  });
  return {
    async put(item) {
      const lane = laneOf(lanes, item.target);
      open++;
      while (!someRoom(lanes, limit)) await taken.wait();
      if (hasRoom(lane, limit)) lane.ready.push(item);
      else lane.overflow.add(item);
      arrived.wake();
    },
    async take(target) {
      const lane = laneOf(lanes, target);
      for (;;) {
        const item = next(lane);
        taken.wake();
        if (item !== undefined) return deliver(item);
        if (closed) break;
        await arrived.wait();
      }
      lane.overflow.close();
      return undefined;
    },
    outcomes: () => outcomes.values(),
    close() {
      closed = true;
      arrived.wake();
      endWhenDone();
      return Promise.resolve();
    },
    abandon: () => outcomes.end(),
  };
}

function next(lane: Lane): WorkItem | undefined {
  if (lane.ready.length === 0 && lane.overflow.length > 0) lane.ready.push(...lane.overflow.takeBatch());
  return lane.ready.shift();
}

function someRoom(lanes: ReadonlyMap<string, Lane>, limit: number): boolean {
  return [...lanes.values()].some((lane) => hasRoom(lane, limit));
}

function hasRoom(lane: Lane, limit: number): boolean {
  return lane.ready.length < limit && lane.overflow.length === 0;
}

function laneOf(lanes: ReadonlyMap<string, Lane>, target: string): Lane {
  const lane = lanes.get(target);
  if (lane === undefined) throw new TypeError(`no lane for target ${target}`);
  return lane;
}
