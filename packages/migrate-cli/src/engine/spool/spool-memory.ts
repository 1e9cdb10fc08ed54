import { unaskedMemory } from "@chartferry/core";

import { createWakeUp, type WakeUp } from "../tables/bounded-channel.ts";
import type { Slot } from "./spool-slot.ts";

/** Keeps the books: how much memory the charts at hand take. */
export interface SpoolMemory {
  /** Wakes whoever waits for room. */
  readonly freed: WakeUp;
  /** From now on a chart takes so many bytes. */
  account(slot: Slot, bytes: number): void;
  /** Lets a chart that is on its way take so many bytes more, if there is room. */
  grow(slot: Slot, bytes: number): boolean;
  mayOpen(): boolean;
  opens(): void;
  opened(): void;
  /** Nobody uses this chart just now. */
  rests(sequence: number, slot: Slot): void;
  /** It is used again, or gone. */
  rouse(sequence: number, slot: Slot): void;
  /** The newest of those that rest, where they are too many: the oldest are the next that a lagging lane asks for. */
  surplus(): number | undefined;
}

/**
 * So many are opened side by side even while the memory is full: a target that hangs keeps in use what it has, and the others are to go on.
 * What they open then is in memory up to `unaskedMemory` each, for no more charts than lanes have versions in flight.
 */
const alwaysOpening = 4;

/** @param memoryBytes of all charts; half of it is for those that rest. */
export function createSpoolMemory(memoryBytes: number): SpoolMemory {
  const freed = createWakeUp();
  const resting = new Set<number>();
  let [used, restingBytes, openings] = [0, 0, 0];
  const account = (slot: Slot, bytes: number): void => {
    used += bytes - slot.memory;
    slot.memory = bytes;
    freed.wake();
  };
  return {
    freed,
    account,
    grow(slot, bytes) {
      if (used + bytes > memoryBytes) return false;
      account(slot, slot.memory + bytes);
      return true;
    },
    mayOpen: () => openings < alwaysOpening || used + unaskedMemory <= memoryBytes,
    opens: () => void openings++,
    opened() {
      openings--;
      freed.wake();
    },
    rests(sequence, slot) {
      resting.add(sequence);
      restingBytes += slot.memory;
    },
    rouse(sequence, slot) {
      if (resting.delete(sequence)) restingBytes -= slot.memory;
    },
    surplus: () => (restingBytes > memoryBytes / 2 ? largest(resting) : undefined),
  };
}

/** Not `Math.max(...)`, which takes no more than some 100,000 values. */
function largest(numbers: Iterable<number>): number {
  let most = -1;
  for (const number of numbers) if (number > most) most = number;
  return most;
}
