import { afterEach, expect, it, vi } from "vitest";

import type { VersionRecord } from "../work-item.ts";
import { createRecordStore } from "./record-store.ts";

const targets = ["oci://fast.example.com/charts", "oci://slow.example.com/charts"];

afterEach(() => {
  vi.restoreAllMocks();
});

function record(version: string, target: string): VersionRecord {
  return { chart: "app", version, target, status: "pushed", bytes: 1, attempts: 1, milliseconds: 1, notes: [] };
}

it("gives the records back in the order of the source, a lagging target's beside the others', without a block of memory for each", () => {
  const count = 3000;
  const store = createRecordStore(targets.length);
  // The slow target's records all come after the fast one's; neighbours end in turned order, as they do side by side.
  for (const [slot, target] of targets.entries())
    for (let sequence = 0; sequence < count; sequence++) store.add({ sequence: sequence ^ 7, slot }, record(`1.${sequence ^ 7}.0`, target));

  const allocate = vi.spyOn(Buffer, "alloc");
  const found = [...store.records()].map(({ version, target }) => `${version} ${target}`);
  const allocated = allocate.mock.calls.reduce((sum, [size]) => sum + size, 0);
  store.close();

  expect(found).toEqual(Array.from({ length: count }, (_none, place) => targets.map((target) => `1.${place}.0 ${target}`)).flat());
  // Two readers with one block each; a block a record would be more than a gigabyte.
  expect(allocated).toBeLessThan(2_000_000);
});

it("gives back a record that is larger than what is read at once", () => {
  const store = createRecordStore(1);
  const long = { ...record("1.0.0", "oci://fast.example.com/charts"), message: "x".repeat(600_000) };
  store.add({ sequence: 0, slot: 0 }, long);
  store.add({ sequence: 1, slot: 0 }, record("1.1.0", "oci://fast.example.com/charts"));

  const found = [...store.records()];
  store.close();

  expect(found.map(({ version, message }) => [version, message?.length])).toEqual([
    ["1.0.0", 600_000],
    ["1.1.0", undefined],
  ]);
});

it("finds records by places that lie far apart, as those of a large source do", () => {
  const store = createRecordStore(1);
  const places = [0, 65_535, 65_536, 200_000];
  for (const sequence of places) store.add({ sequence, slot: 0 }, record(`1.${sequence}.0`, "oci://fast.example.com/charts"));
  const found = [...store.records()].map(({ version }) => version);
  store.close();

  expect(found).toEqual(places.map((place) => `1.${place}.0`));
});
