import { expect, it } from "vitest";

import { createNewestVersions } from "./newest-versions.ts";

const versions = ["1.0.0", "1.10.0", "1.9.0", "1.2.0-rc.1", "0.1.0", "1.10.0-rc.1"];

it.each([
  ["as they come", versions],
  ["backwards", versions.toReversed()],
  ["oldest first", versions.toSorted()],
])("keeps the newest of each chart, in whatever order they come: %s", (_order, given) => {
  const newest = createNewestVersions(2);
  for (const version of given) newest.add("web", version);
  newest.add("db", "0.0.1");
  expect(versions.filter((version) => newest.has("web", version))).toEqual(["1.10.0", "1.10.0-rc.1"]);
  expect([newest.has("db", "0.0.1"), newest.has("db", "1.10.0"), newest.has("cache", "1.0.0")]).toEqual([true, false, false]);
});

it("tells at once what can no longer be among them, and counts a version that stands twice once", () => {
  const newest = createNewestVersions(2);
  expect(["2.0.0", "2.0.0", "1.0.0", "0.9.0", "1.0.0"].map((version) => newest.add("web", version))).toEqual([
    true,
    true,
    true,
    false,
    true,
  ]);
  expect(newest.add("web", "3.0.0")).toBe(true);
  expect(newest.has("web", "1.0.0")).toBe(false);
});
