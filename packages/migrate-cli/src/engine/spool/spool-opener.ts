import { isChartferryError, unaskedMemory, type ChartPackage, type MemoryQuestion, type SourceEntry } from "@chartferry/core";

import { memoryOf, packageSize } from "./package-size.ts";
import type { SpoolMemory } from "./spool-memory.ts";
import type { Slot } from "./spool-slot.ts";

export interface OpenerParts {
  readonly slots: Map<number, Slot>;
  readonly open: (entry: SourceEntry, memory: MemoryQuestion) => Promise<ChartPackage>;
  readonly memory: SpoolMemory;
  readonly counts: { charts: number; reopened: number; bytes: number };
}

/** Brings a chart into its slot: from the disk, or else from the source. */
export type Opener = (sequence: number, slot: Slot, entry: SourceEntry) => Promise<ChartPackage>;

export function createOpener({ slots, open, memory, counts }: OpenerParts): Opener {
  const openFresh = async (slot: Slot, entry: SourceEntry): Promise<ChartPackage> => {
    const opened = await open(entry, (bytes) => memory.grow(slot, bytes));
    counts.charts++;
    counts.bytes += packageSize(opened);
    return opened;
  };
  const load = async (slot: Slot, entry: SourceEntry): Promise<ChartPackage> => {
    const { stored } = slot;
    if (stored === undefined) return openFresh(slot, entry);
    try {
      return await stored.load((bytes) => memory.grow(slot, bytes));
    } catch {
      // The disk has lost it.
      stored.free();
      slot.stored = undefined;
      counts.reopened++;
      return openFresh(slot, entry);
    }
  };
  return async (sequence, slot, entry) => {
    memory.account(slot, unaskedMemory);
    memory.opens();
    try {
      slot.package = await load(slot, entry);
      memory.account(slot, memoryOf(slot.package));
      return slot.package;
    } catch (error) {
      memory.account(slot, 0);
      // What may succeed later is asked for again; what cannot is one answer for all lanes.
      if (isChartferryError(error) && error.retryable) slots.delete(sequence);
      throw error;
    } finally {
      memory.opened();
    }
  };
}
