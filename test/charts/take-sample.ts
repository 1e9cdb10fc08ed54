/** `count` of the items (or all of them), spread over the whole list by a fixed seed: the same ones on every run. */
export function takeSample<Item>(items: readonly Item[], count: number, seed = 1): Item[] {
  const size = Math.min(count, items.length);
  const stride = items.length / size;
  const random = pseudoRandom(seed);
  const picked = Array.from({ length: size }, (_, index) => items[Math.floor((index + random()) * stride)]);
  return picked.filter((item) => item !== undefined);
}

/** mulberry32: numbers from 0 to 1 that depend on the seed alone. */
function pseudoRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}
