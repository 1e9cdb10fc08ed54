/**
 * From whole numbers to whole numbers, both below 2^53, in 21 to 32 bytes each: a `Map` takes three times that, for every entry
 * holds two numbers on the heap. Keys must be spread evenly already, as hashes are.
 */
export interface NumberTable {
  readonly size: number;
  get(key: number): number | undefined;
  set(key: number, value: number): void;
}

/** Words per slot: the key plus one (0 = empty), the value. */
const slotWords = 2;
/** Slots in use of all, at most: with more of them the search for a free one gets long. */
const fill = 0.75;
const growth = 1.5;

export function createNumberTable(slots = 1024): NumberTable {
  let table = new Float64Array(slots * slotWords);
  let size = 0;
  const put = (key: number, value: number): void => {
    const slot = findSlot(table, key);
    if (table[slot] === 0) size++;
    table[slot] = key + 1;
    table[slot + 1] = value;
  };
  const grow = (): void => {
    const old = table;
    table = new Float64Array(Math.ceil((old.length / slotWords) * growth) * slotWords);
    size = 0;
    for (let slot = 0; slot < old.length; slot += slotWords) if (old[slot] !== 0) put((old[slot] ?? 0) - 1, old[slot + 1] ?? 0);
  };
  return {
    get size() {
      return size;
    },
    get(key) {
      const slot = findSlot(table, key);
      return table[slot] === 0 ? undefined : table[slot + 1];
    },
    set(key, value) {
      if (size >= (table.length / slotWords) * fill) grow();
      put(key, value);
    },
  };
}

/** The slot of the key, or the empty one where it belongs. */
function findSlot(table: Float64Array, key: number): number {
  let slot = (key % (table.length / slotWords)) * slotWords;
  while (table[slot] !== 0 && table[slot] !== key + 1) slot = (slot + slotWords) % table.length;
  return slot;
}
