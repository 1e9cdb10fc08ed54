import { isChartferryError, type ChartPackage, type SourceEntry } from "@chartferry/core";

import { createWakeUp, type WakeUp } from "./bounded-channel.ts";
import { packageSize } from "./package-size.ts";

/** One chart on the shelf, or on its way there. */
export interface Slot {
  readonly opening: Promise<ChartPackage>;
  package?: ChartPackage;
  bytes: number;
  /** Lanes that are using it. */
  leases: number;
}

/** The charts at hand, by the sequence of their entries. */
export interface SpoolShelf {
  readonly counts: { readonly charts: number; readonly reopened: number; readonly bytes: number };
  /** Wakes whoever waits for room. */
  readonly freed: WakeUp;
  has(sequence: number): boolean;
  isOverfull(): boolean;
  /** Waits until there is room for one more; charts that nobody uses make way. */
  makeRoom(): Promise<void>;
  /** The slot of an entry; its chart is opened when it is not there. */
  take(sequence: number, entry: SourceEntry): Slot;
  /** Lets go of a chart that nobody uses; one dropped for room may be asked for again. */
  drop(sequence: number, why: "used up" | "for room"): Promise<void>;
  clear(): Promise<void>;
}

export function createSpoolShelf(open: (entry: SourceEntry) => Promise<ChartPackage>, capacityBytes: number): SpoolShelf {
  const slots = new Map<number, Slot>();
  const droppedEarly = new Set<number>();
  const counts = { charts: 0, reopened: 0, bytes: 0 };
  const freed = createWakeUp();
  let held = 0;
  const hold = (slot: Slot): void => {
    held += slot.bytes;
    counts.charts++;
    counts.bytes += slot.bytes;
  };
  const drop = async (sequence: number, why: "used up" | "for room"): Promise<void> => {
    if (why === "for room") droppedEarly.add(sequence);
    else droppedEarly.delete(sequence);
    const slot = slots.get(sequence);
    if (slot === undefined || slot.leases > 0) return;
    slots.delete(sequence);
    held -= slot.bytes;
    freed.wake();
    await slot.package?.release();
  };
  const isFull = (): boolean => held >= capacityBytes;
  return {
    counts,
    freed,
    isOverfull: () => held > capacityBytes,
    drop,
    has: (sequence) => slots.has(sequence),
    async makeRoom() {
      while (isFull()) {
        const idle = newestIdle(slots);
        await (idle === undefined ? freed.wait() : drop(idle, "for room"));
      }
    },
    take(sequence, entry) {
      const present = slots.get(sequence);
      if (present !== undefined) return present;
      if (droppedEarly.delete(sequence)) counts.reopened++;
      const slot = openSlot(open(entry), { hold, forget: () => slots.delete(sequence) });
      slots.set(sequence, slot);
      return slot;
    },
    async clear() {
      for (const sequence of slots.keys()) await drop(sequence, "used up");
    },
  };
}

/** The newest make way first: the oldest are the next that a lagging lane asks for. */
function newestIdle(slots: ReadonlyMap<number, Slot>): number | undefined {
  const idle = [...slots].filter(([, slot]) => slot.leases === 0 && slot.package !== undefined).map(([sequence]) => sequence);
  return idle.length === 0 ? undefined : Math.max(...idle);
}

function openSlot(opening: Promise<ChartPackage>, then: { hold(slot: Slot): void; forget(): void }): Slot {
  const slot: Slot = { opening, bytes: 0, leases: 0 };
  const arrive = (opened: ChartPackage): void => {
    slot.package = opened;
    slot.bytes = packageSize(opened);
    then.hold(slot);
  };
  // What may succeed later is asked for again; what cannot is one answer for all lanes.
  const fail = (error: unknown): void => {
    if (isChartferryError(error) && error.retryable) then.forget();
  };
  opening.then(arrive, fail);
  return slot;
}
