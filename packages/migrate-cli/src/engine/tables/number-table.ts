import { createSlots, findSlot, fullest, growth } from "./number-slots.ts";

/**
 * From whole numbers to whole numbers, both below 2^53, in 21 to 32 bytes each: a `Map` takes three times that, for every entry
 * holds two numbers on the heap. Keys must be spread evenly already, as hashes are.
 */
export interface NumberTable {
  readonly size: number;
  get(key: number): number | undefined;
  set(key: number, value: number): void;
}

/** `expected`: numbers that will come, to spare growing. */
export function createNumberTable(expected = 1000): NumberTable {
  let keys = createSlots(expected);
  let values = new Float64Array(keys.length);
  let size = 0;
  const put = (key: number, value: number): void => {
    const slot = findSlot(keys, key);
    if (keys[slot] === 0) size++;
    keys[slot] = key + 1;
    values[slot] = value;
  };
  const grow = (): void => {
    const old = { keys, values };
    keys = new Float64Array(Math.ceil(keys.length * growth));
    values = new Float64Array(keys.length);
    size = 0;
    for (const [slot, stored] of old.keys.entries()) if (stored !== 0) put(stored - 1, old.values[slot] ?? 0);
  };
  return {
    get size() {
      return size;
    },
    get(key) {
      const slot = findSlot(keys, key);
      return keys[slot] === 0 ? undefined : values[slot];
    },
    set(key, value) {
      if (size >= keys.length * fullest) grow();
      put(key, value);
    },
  };
}
