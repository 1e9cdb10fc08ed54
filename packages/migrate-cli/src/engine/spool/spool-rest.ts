import type { ChartPackage } from "@chartferry/core";

import { isInFile } from "./package-size.ts";
import type { SpoolDisk } from "./spool-disk.ts";
import type { SpoolMemory } from "./spool-memory.ts";
import type { Slot } from "./spool-slot.ts";

export interface Resting {
  /** What becomes of a chart that nobody uses just now: it goes, stays, or makes room. */
  readonly rest: (sequence: number, slot: Slot) => Promise<void>;
  readonly discard: (sequence: number, slot: Slot) => Promise<void>;
}

export interface RestingParts {
  readonly slots: Map<number, Slot>;
  /** Charts that are to be read from the source again. */
  readonly droppedEarly: Set<number>;
  readonly isAwaited: (sequence: number) => boolean;
  readonly memory: SpoolMemory;
  readonly disk: SpoolDisk;
}

export function createResting({ slots, droppedEarly, isAwaited, memory, disk }: RestingParts): Resting {
  const discard = async (sequence: number, slot: Slot): Promise<void> => {
    slots.delete(sequence);
    memory.rouse(sequence, slot);
    slot.stored?.free();
    memory.account(slot, 0);
    await slot.package?.release();
  };
  const unload = async (slot: Slot): Promise<void> => {
    const { package: loaded } = slot;
    [slot.package, slot.opening] = [undefined, undefined];
    memory.account(slot, 0);
    await loaded?.release();
  };
  const move = async (sequence: number, slot: Slot, moved: ChartPackage): Promise<void> => {
    memory.rouse(sequence, slot);
    slot.moving = true;
    slot.stored = await disk.store(moved);
    slot.moving = false;
    if (slot.stored !== undefined || slot.leases > 0 || !isAwaited(sequence)) return rest(sequence, slot);
    droppedEarly.add(sequence);
    await discard(sequence, slot);
  };
  const trim = async (): Promise<void> => {
    for (let newest = memory.surplus(); newest !== undefined; newest = memory.surplus()) {
      const slot = slots.get(newest);
      if (slot?.package === undefined) return;
      await move(newest, slot, slot.package);
    }
  };
  const rest = async (sequence: number, slot: Slot): Promise<void> => {
    if (slot.leases > 0 || slot.moving || slots.get(sequence) !== slot) return;
    if (!isAwaited(sequence)) return discard(sequence, slot);
    if (slot.package === undefined) return;
    if (slot.stored !== undefined) return unload(slot);
    if (isInFile(slot.package)) return move(sequence, slot, slot.package);
    memory.rests(sequence, slot);
    return trim();
  };
  return { rest, discard };
}
