import { isChartferryError, unaskedMemory, type ChartPackage, type MemoryQuestion, type SourceEntry } from "@chartferry/core";

import { createWakeUp } from "./bounded-channel.ts";
import { isInFile, memoryOf, packageSize } from "./package-size.ts";
import type { SpoolDisk, StoredChart } from "./spool-disk.ts";

/**
 * So many are opened side by side even while the memory is full: a target that hangs keeps in use what it has, and the others are to go on.
 * What they open then is in memory up to `unaskedMemory` each, for no more charts than lanes have versions in flight.
 */
const alwaysOpening = 4;

/** One chart that some lane has yet to get. */
interface Slot {
  /** Lanes that use it. */
  leases: number;
  /** In memory or on its way there; absent while the chart is on disk alone. */
  opening: Promise<ChartPackage> | undefined;
  package: ChartPackage | undefined;
  /** Bytes of memory that are reserved for it. */
  memory: number;
  stored: StoredChart | undefined;
  /** On its way to the disk. */
  moving: boolean;
}

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
  /** In memory, used by nobody and not on disk. */
  const idle = new Set<number>();
  const counts = { charts: 0, reopened: 0, bytes: 0 };
  const freed = createWakeUp();
  let [used, idleBytes, openings] = [0, 0, 0];

  const account = (slot: Slot, bytes: number): void => {
    used += bytes - slot.memory;
    slot.memory = bytes;
    freed.wake();
  };
  const rouse = (sequence: number, slot: Slot): void => {
    if (idle.delete(sequence)) idleBytes -= slot.memory;
  };
  const discard = async (sequence: number, slot: Slot): Promise<void> => {
    slots.delete(sequence);
    rouse(sequence, slot);
    slot.stored?.free();
    account(slot, 0);
    await slot.package?.release();
  };
  const unload = async (slot: Slot): Promise<void> => {
    const { package: loaded } = slot;
    [slot.package, slot.opening] = [undefined, undefined];
    account(slot, 0);
    await loaded?.release();
  };
  const move = async (sequence: number, slot: Slot, moved: ChartPackage): Promise<void> => {
    rouse(sequence, slot);
    slot.moving = true;
    slot.stored = await disk.store(moved);
    slot.moving = false;
    if (slot.stored === undefined && slot.leases === 0 && isAwaited(sequence)) {
      droppedEarly.add(sequence);
      await discard(sequence, slot);
    } else await rest(sequence, slot);
  };
  /** The newest make way first: the oldest are the next that a lagging lane asks for. */
  const trim = async (): Promise<void> => {
    while (idleBytes > memoryBytes / 2) {
      const newest = largest(idle);
      const slot = slots.get(newest);
      if (slot?.package === undefined) return;
      await move(newest, slot, slot.package);
    }
  };
  /** What becomes of a chart that nobody uses just now. */
  const rest = async (sequence: number, slot: Slot): Promise<void> => {
    if (slot.leases > 0 || slot.moving || slots.get(sequence) !== slot) return;
    if (!isAwaited(sequence)) return discard(sequence, slot);
    if (slot.package === undefined) return;
    if (slot.stored !== undefined) return unload(slot);
    if (isInFile(slot.package)) return move(sequence, slot, slot.package);
    idle.add(sequence);
    idleBytes += slot.memory;
    return trim();
  };
  const grow = (slot: Slot, bytes: number): boolean => {
    if (used + bytes > memoryBytes) return false;
    account(slot, slot.memory + bytes);
    return true;
  };
  const openFresh = async (slot: Slot, entry: SourceEntry): Promise<ChartPackage> => {
    const opened = await open(entry, (bytes) => grow(slot, bytes));
    counts.charts++;
    counts.bytes += packageSize(opened);
    return opened;
  };
  const load = async (slot: Slot, entry: SourceEntry): Promise<ChartPackage> => {
    const { stored } = slot;
    if (stored === undefined) return openFresh(slot, entry);
    return stored.load((bytes) => grow(slot, bytes)).catch(() => {
      stored.free();
      slot.stored = undefined;
      counts.reopened++;
      return openFresh(slot, entry);
    });
  };
  const bring = async (sequence: number, slot: Slot, entry: SourceEntry): Promise<ChartPackage> => {
    account(slot, unaskedMemory);
    openings++;
    try {
      slot.package = await load(slot, entry);
      account(slot, memoryOf(slot.package));
      return slot.package;
    } catch (error) {
      account(slot, 0);
      // What may succeed later is asked for again; what cannot is one answer for all lanes.
      if (isChartferryError(error) && error.retryable) slots.delete(sequence);
      throw error;
    } finally {
      openings--;
      freed.wake();
    }
  };
  /** Finds or begins it, and counts the use in the same moment: else many could take the same room. */
  const begin = (sequence: number, entry: SourceEntry): { slot: Slot; opening: Promise<ChartPackage> } | undefined => {
    const slot = slots.get(sequence) ?? emptySlot();
    if (slot.opening === undefined) {
      if (openings >= alwaysOpening && used + unaskedMemory > memoryBytes) return undefined;
      slots.set(sequence, slot);
      if (droppedEarly.delete(sequence)) counts.reopened++;
      slot.opening = bring(sequence, slot, entry);
    }
    rouse(sequence, slot);
    slot.leases++;
    return { slot, opening: slot.opening };
  };
  return {
    counts,
    async take(sequence, entry) {
      for (;;) {
        const begun = begin(sequence, entry);
        if (begun === undefined) {
          await freed.wait();
          continue;
        }
        try {
          return await begun.opening;
        } catch (error) {
          begun.slot.leases--;
          throw error;
        }
      }
    },
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

function emptySlot(): Slot {
  return { leases: 0, opening: undefined, package: undefined, memory: 0, stored: undefined, moving: false };
}

/** Not `Math.max(...)`, which takes no more than some 100,000 values. */
function largest(numbers: Iterable<number>): number {
  let most = -1;
  for (const number of numbers) if (number > most) most = number;
  return most;
}
