/**
 * From whole numbers to whole numbers, both below 2^53, in 21 to 32 bytes each: a `Map` takes three times that, for every entry
 * holds two numbers on the heap. Keys must be spread evenly already, as hashes are.
 */
export interface NumberTable {
  readonly size: number;
  get(key: number): number | undefined;
  set(key: number, value: number): void;
}

/** The keys alone, in half of that. */
export interface NumberSet {
  readonly size: number;
  /** Whether it was there already. */
  add(key: number): boolean;
}

/** Slots in use of all, at most: with more of them the search for a free one gets long. */
const fill = 0.75;
const growth = 1.5;

/** `expected`: numbers that will come, to spare growing. */
export function createNumberTable(expected = 1000): NumberTable {
  let keys = createKeys(expected);
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
      if (size >= keys.length * fill) grow();
      put(key, value);
    },
  };
}

export function createNumberSet(expected = 1000): NumberSet {
  let keys = createKeys(expected);
  let size = 0;
  const grow = (): void => {
    const old = keys;
    keys = new Float64Array(Math.ceil(old.length * growth));
    for (const stored of old) if (stored !== 0) keys[findSlot(keys, stored - 1)] = stored;
  };
  return {
    get size() {
      return size;
    },
    add(key) {
      if (size >= keys.length * fill) grow();
      const slot = findSlot(keys, key);
      if (keys[slot] !== 0) return true;
      keys[slot] = key + 1;
      size++;
      return false;
    },
  };
}

/** A key is stored plus one, so that 0 stands for an empty slot. A search ends at one of these: there must always be some. */
function createKeys(expected: number): Float64Array<ArrayBuffer> {
  return new Float64Array(Math.ceil(Math.max(expected, 10) / fill));
}

/** The slot of the key, or the empty one where it belongs. */
function findSlot(keys: Float64Array, key: number): number {
  let slot = key % keys.length;
  while (keys[slot] !== 0 && keys[slot] !== key + 1) slot = (slot + 1) % keys.length;
  return slot;
}
