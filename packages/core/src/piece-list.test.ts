import { expect, it } from "vitest";

import { createPieceList } from "./piece-list.ts";

const numbered = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_none, place) => place % 251);

/** The bytes in pieces of so many bytes each, again and again. */
function* cut(bytes: Uint8Array, ...sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.byteLength; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

it.each([
  ["single bytes", [1]],
  ["pieces just below 4 KiB", [4095]],
  ["small ones between large ones", [5000, 1, 1, 70_000, 4095]],
  ["two bytes after each large one", [4096, 1, 1]],
  ["empty ones among them", [0, 3, 0, 9000]],
])("keeps %s as few pieces, all bytes in their order", (_what, sizes) => {
  const bytes = numbered(300_000);
  const list = createPieceList();
  for (const piece of cut(bytes, ...sizes)) list.add(piece);
  expect(list.size).toBe(bytes.byteLength);
  const kept = list.takeAll();
  expect(kept.length).toBeLessThan(150);
  const rooms = new Set(kept.map(({ buffer }) => buffer).filter((buffer) => buffer !== bytes.buffer));
  expect([...rooms].reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThanOrEqual(2 * bytes.byteLength);
  expect(Buffer.concat(kept).equals(bytes)).toBe(true);
  expect([list.size, list.takeAll()]).toEqual([0, []]);
});

it("hands over ordinary pieces, and one that came alone, as they came", () => {
  const [alone, large, larger] = [numbered(7), numbered(4096), numbered(65_536)];
  const list = createPieceList();
  for (const piece of [alone, large, larger]) list.add(piece);
  expect([list.shift() === alone, list.shift() === large, list.size]).toEqual([true, true, 65_536]);
  expect([list.join() === larger, list.shift(), list.join().byteLength]).toEqual([true, undefined, 0]);
});

it("goes on with small pieces after some were taken", () => {
  const list = createPieceList();
  list.add(numbered(2));
  list.add(numbered(3));
  expect(list.shift()).toEqual(Uint8Array.of(0, 1, 0, 1, 2));
  list.add(numbered(4));
  expect([list.size, list.shift(), list.size]).toEqual([4, numbered(4), 0]);
});
