import { expect, it } from "vitest";

import { createSpoolMemory } from "./spool-memory.ts";
import { emptySlot } from "./spool-slot.ts";

it("finds the newest of two hundred thousand charts that wait", () => {
  const memory = createSpoolMemory(200_000);
  for (let sequence = 0; sequence < 200_000; sequence++) {
    const slot = emptySlot();
    memory.account(slot, 1);
    memory.rests(sequence, slot);
  }
  expect(memory.surplus()).toBe(199_999);
});

it("calls nothing too much once half of the memory is free, in whatever order charts were taken up again", () => {
  const memory = createSpoolMemory(100);
  const slots = [0, 1, 2].map((sequence) => {
    const slot = emptySlot();
    memory.account(slot, 20);
    memory.rests(sequence, slot);
    return slot;
  });
  expect(memory.surplus()).toBe(2);
  const [, second = emptySlot()] = slots;
  memory.rouse(1, second);
  memory.rouse(1, second);
  expect(memory.surplus()).toBeUndefined();
  memory.rests(1, second);
  expect(memory.surplus()).toBe(2);
});
