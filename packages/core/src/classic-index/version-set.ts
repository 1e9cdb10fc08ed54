import { randomBytes } from "node:crypto";

/**
 * Remembers which versions an index has named, in 24 to 48 bytes each: a million of them fit where strings would take a hundred
 * megabytes. Two 32-bit hashes with a random seed: a false match has a chance of about 1 in 10^7 for a million versions, and its
 * only effect is a report that a version stands twice.
 */
export interface VersionSet {
  size: number;
  table: Uint32Array;
  readonly seed: number;
}

/** Words per slot: two of the version, one of its digest. */
const slotWords = 3;

/** Slots of an empty set: most charts have few versions. */
const fewSlots = 64;

export function createVersionSet(): VersionSet {
  return { size: 0, table: new Uint32Array(fewSlots * slotWords), seed: randomBytes(4).readUInt32LE() };
}

/** Forgets all of them. */
export function clearVersions(set: VersionSet): void {
  if (set.table.length === fewSlots * slotWords) set.table.fill(0);
  else set.table = new Uint32Array(fewSlots * slotWords);
  set.size = 0;
}

/** Whether the key has been remembered. */
export function knowsVersion(set: VersionSet, key: string): boolean {
  const { first, second } = hashesOf(set, key);
  return set.table[findSlot(set.table, first, second) + 1] !== 0;
}

/** `new`, or whether the version seen before under this key had the same digest. */
export function rememberVersion(set: VersionSet, key: string, digest: string): "new" | "same" | "other" {
  if (set.size * 2 * slotWords >= set.table.length) grow(set);
  const { first, second } = hashesOf(set, key);
  const digestHash = hash(digest, set.seed);
  const slot = findSlot(set.table, first, second);
  if (set.table[slot + 1] !== 0) return set.table[slot + 2] === digestHash ? "same" : "other";
  set.table.set([first, second, digestHash], slot);
  set.size += 1;
  return "new";
}

function hashesOf({ seed }: VersionSet, key: string): { first: number; second: number } {
  const first = hash(key, seed);
  return { first, second: hash(key, first ^ 0x9e3779b9) || 1 };
}

/** The slot that holds the pair, or the empty one where it belongs. The second word is never 0 in a used slot. */
function findSlot(table: Uint32Array, first: number, second: number): number {
  const slots = table.length / slotWords;
  let slot = (first % slots) * slotWords;
  while (table[slot + 1] !== 0 && (table[slot] !== first || table[slot + 1] !== second)) slot = (slot + slotWords) % table.length;
  return slot;
}

function grow(set: VersionSet): void {
  const old = set.table;
  set.table = new Uint32Array(old.length * 2);
  for (let slot = 0; slot < old.length; slot += slotWords) {
    if (old[slot + 1] === 0) continue;
    const target = findSlot(set.table, old[slot] ?? 0, old[slot + 1] ?? 0);
    set.table.set(old.subarray(slot, slot + slotWords), target);
  }
}

/** FNV-1a over UTF-16 units with a final mix (MurmurHash3's). */
function hash(text: string, seed: number): number {
  let value = seed ^ 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
