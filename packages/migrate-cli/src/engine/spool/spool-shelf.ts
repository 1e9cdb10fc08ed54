import type { ChartPackage, MemoryQuestion, SourceEntry } from "@chartferry/core";

import type { SpoolDisk } from "./spool-disk.ts";
import { createSpoolMemory } from "./spool-memory.ts";
import { createOpener } from "./spool-opener.ts";
import { createResting } from "./spool-rest.ts";
import { emptySlot, type Slot } from "./spool-slot.ts";

/** The charts at hand, by the sequence of their entries. */
export interface SpoolShelf {
  readonly counts: { readonly charts: number; readonly reopened: number; readonly bytes: number };
  /** The package of an entry, opened when it is not there. Waits while the memory is full and others are being opened. */
  take(sequence: number, entry: SourceEntry): Promise<ChartPackage>;
  /** Ends one use. */
  giveBack(sequence: number): Promise<void>;
  /** No lane asks for this entry any more. */
  usedUp(sequence: number): Promise<void>;
  clear(): Promise<void>;
}

export interface ShelfOptions {
  readonly open: (entry: SourceEntry, memory: MemoryQuestion) => Promise<ChartPackage>;
  readonly isAwaited: (sequence: number) => boolean;
  readonly memoryBytes: number;
  readonly disk: SpoolDisk;
}

export function createSpoolShelf({ open, isAwaited, memoryBytes, disk }: ShelfOptions): SpoolShelf {
  const slots = new Map<number, Slot>();
  const droppedEarly = new Set<number>();
  const counts = { charts: 0, reopened: 0, bytes: 0 };
  const memory = createSpoolMemory(memoryBytes);
  const bring = createOpener({ slots, open, memory, counts });
  const { rest, discard } = createResting({ slots, droppedEarly, isAwaited, memory, disk });
  /** Finds or begins it, and counts the use in the same moment: else many could take the same room. */
  const begin = (sequence: number, entry: SourceEntry): { slot: Slot; opening: Promise<ChartPackage> } | undefined => {
    const slot = slots.get(sequence) ?? emptySlot();
    if (slot.opening === undefined) {
      if (!memory.mayOpen()) return undefined;
      slots.set(sequence, slot);
      if (droppedEarly.delete(sequence)) counts.reopened++;
      slot.opening = bring(sequence, slot, entry);
    }
    memory.rouse(sequence, slot);
    slot.leases++;
    return { slot, opening: slot.opening };
  };
  const take = async (sequence: number, entry: SourceEntry): Promise<ChartPackage> => {
    let begun = begin(sequence, entry);
    for (; begun === undefined; begun = begin(sequence, entry)) await memory.freed.wait();
    try {
      return await begun.opening;
    } catch (error) {
      begun.slot.leases--;
      throw error;
    }
  };
  return {
    counts,
    take,
    async giveBack(sequence) {
      const slot = slots.get(sequence);
      if (slot === undefined) return;
      slot.leases--;
      await rest(sequence, slot);
    },
    async usedUp(sequence) {
      droppedEarly.delete(sequence);
      const slot = slots.get(sequence);
      if (slot !== undefined) await rest(sequence, slot);
    },
    async clear() {
      for (const [sequence, slot] of slots) if (slot.leases === 0) await discard(sequence, slot);
    },
  };
}
