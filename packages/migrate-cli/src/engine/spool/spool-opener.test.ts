import { expect, it } from "vitest";

import { createFakeSource } from "../testing/fake-source.ts";
import { createSpoolMemory } from "./spool-memory.ts";
import { createOpener } from "./spool-opener.ts";
import { emptySlot } from "./spool-slot.ts";

it("gives its place on the disk back when the disk has lost a chart, and reads it from the source again", async () => {
  let freed = 0;
  const stored = { load: () => Promise.reject(new Error("lost")), free: () => void freed++ };
  const slot = { ...emptySlot(), stored };
  const counts = { charts: 1, reopened: 0, bytes: 0 };
  const source = createFakeSource([]);
  const open = createOpener({ slots: new Map([[0, slot]]), open: (entry) => source.open(entry), memory: createSpoolMemory(1e6), counts });
  await open(0, slot, { chart: "web", version: "1.0.0", urls: [], notes: [] });
  expect({ freed, stored: slot.stored, opened: source.opened }).toEqual({ freed: 1, stored: undefined, opened: ["web 1.0.0"] });
  expect(counts).toMatchObject({ charts: 2, reopened: 1 });
});
