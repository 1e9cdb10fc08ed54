/** Slots in use of all, at most: with more of them the search for a free one gets long. */
export const fullest = 0.75;

/** A full row of slots gives way to one that is larger by this. */
export const growth = 1.5;

/**
 * For whole numbers below 2^53 that are spread evenly already, as hashes are. A number is stored plus one, so that 0 stands for an
 * empty slot. A search ends at one of these: there must always be some.
 */
export function createSlots(expected: number): Float64Array<ArrayBuffer> {
  return new Float64Array(Math.ceil(Math.max(expected, 10) / fullest));
}

/** The slot of the number, or the empty one where it belongs. */
export function findSlot(slots: Float64Array, number: number): number {
  let slot = number % slots.length;
  while (slots[slot] !== 0 && slots[slot] !== number + 1) slot = (slot + 1) % slots.length;
  return slot;
}
