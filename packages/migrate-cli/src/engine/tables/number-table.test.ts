import { expect, it } from "vitest";

import { createNumberTable } from "./number-table.ts";

it("a table gives every number back after it has grown, those that meet in one slot and 0 included", () => {
  const table = createNumberTable(0);
  // Multiples of 42 meet while the table has 14 slots, or 21.
  const keys = Array.from({ length: 5000 }, (_, index) => index * 42);
  for (const key of keys) table.set(key, key * 2);
  for (const key of keys) expect(table.get(key)).toBe(key * 2);
  expect([table.size, table.get(1), table.get(42 * 5000)]).toEqual([5000, undefined, undefined]);
});

it("a table keeps the last value of a key, up to the largest number", () => {
  const table = createNumberTable();
  table.set(2 ** 53 - 2, 1);
  table.set(2 ** 53 - 2, 2 ** 52);
  expect([table.size, table.get(2 ** 53 - 2)]).toEqual([1, 2 ** 52]);
});
