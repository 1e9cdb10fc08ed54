/** A set of what `hashText` gives. */
export interface HashSet {
  readonly size: number;
  has(hash: number): boolean;
  /** `false` = it was there already. */
  add(hash: number): boolean;
}

/** At most so full, a look takes few steps. */
const fullest = 0.75;

/** 8 bytes a place: a million hashes take 16 MB, where a Set of such numbers takes some 60. */
export function createHashSet(): HashSet {
  let places = new Float64Array(1024);
  let size = 0;
  const grow = (): void => {
    const old = places;
    places = new Float64Array(old.length * 2);
    for (const value of old) if (value !== 0) places[placeOf(places, value)] = value;
  };
  return {
    get size() {
      return size;
    },
    has: (hash) => places[placeOf(places, hash + 1)] !== 0,
    add(hash) {
      if (size >= places.length * fullest) grow();
      // 0 stands for an empty place.
      const place = placeOf(places, hash + 1);
      if (places[place] !== 0) return false;
      places[place] = hash + 1;
      size++;
      return true;
    },
  };
}

/** Where the value is, or would be. */
function placeOf(places: Float64Array, value: number): number {
  let place = value % places.length;
  while (places[place] !== 0 && places[place] !== value) place = (place + 1) % places.length;
  return place;
}
