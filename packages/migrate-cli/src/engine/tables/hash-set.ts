import { createSlots, findSlot, fullest } from "./number-slots.ts";

/** A set of what `hashText` gives. */
export interface HashSet {
  readonly size: number;
  has(hash: number): boolean;
  /** `false` = it was there already. */
  add(hash: number): boolean;
}

/** Room of the first table, and of each further one in parts of what is there by then. */
const [firstRoom, share] = [1000, 0.5];

/**
 * 8 bytes a slot: a million hashes take 11 to 16 MB, where a Set of such numbers takes some 60. A full table stays as it is and another
 * one takes what comes then: copying into a larger one would need the memory of both.
 */
export function createHashSet(): HashSet {
  let last = createSlots(firstRoom);
  const tables = [last];
  let [size, left] = [0, roomOf(last)];
  const has = (hash: number): boolean => tables.some((slots) => slots[findSlot(slots, hash)] !== 0);
  const grow = (): void => {
    last = createSlots(Math.max(firstRoom, size * share));
    left = roomOf(last);
    tables.push(last);
  };
  return {
    get size() {
      return size;
    },
    has,
    add(hash) {
      if (has(hash)) return false;
      if (left === 0) grow();
      last[findSlot(last, hash)] = hash + 1;
      size++;
      left--;
      return true;
    },
  };
}

function roomOf(slots: Float64Array): number {
  return Math.floor(slots.length * fullest);
}
