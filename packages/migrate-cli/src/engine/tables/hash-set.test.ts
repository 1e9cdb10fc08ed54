import { expect, it } from "vitest";

import { createHashSet } from "./hash-set.ts";
import { hashText } from "./hash-text.ts";

it("remembers each of many hashes, 0 among them, and tells which it has seen", () => {
  const set = createHashSet();
  const meeting = Array.from({ length: 100 }, (_, index) => 2 + index * 4002);
  const hashes = [0, 1, 2 ** 53 - 2, ...meeting, ...Array.from({ length: 5000 }, (_, index) => hashText(`web 1.0.${index}`))];
  expect(hashes.every((hash) => !set.has(hash) && set.add(hash))).toBe(true);
  expect(hashes.every((hash) => set.has(hash) && !set.add(hash))).toBe(true);
  expect([set.size, set.has(hashText("web 2.0.0"))]).toEqual([hashes.length, false]);
});
