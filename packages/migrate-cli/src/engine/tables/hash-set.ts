import { createSlots, findSlot, fullest, growth } from "./number-slots.ts";

/** A set of what `hashText` gives. */
export interface HashSet {
  readonly size: number;
  has(hash: number): boolean;
  /** `false` = it was there already. */
  add(hash: number): boolean;
}

/** 8 bytes a slot: a million hashes take 11 to 16 MB, where a Set of such numbers takes some 60. */
export function createHashSet(): HashSet {
  let slots = createSlots(1000);
  let size = 0;
  const grow = (): void => {
    const old = slots;
    slots = new Float64Array(Math.ceil(old.length * growth));
    for (const stored of old) if (stored !== 0) slots[findSlot(slots, stored - 1)] = stored;
  };
  return {
    get size() {
      return size;
    },
    has: (hash) => slots[findSlot(slots, hash)] !== 0,
    add(hash) {
      if (size >= slots.length * fullest) grow();
      const slot = findSlot(slots, hash);
      if (slots[slot] !== 0) return false;
      slots[slot] = hash + 1;
      size++;
      return true;
    },
  };
}
