import { systemClock } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { createTargetListings } from "./target-listings.ts";
import { createFakeTarget } from "../testing/fake-target.ts";

function listingsAt(start: number) {
  const time = { now: start };
  const target = createFakeTarget();
  const clock = { ...systemClock, now: () => time.now };
  return { time, target, listings: createTargetListings(target.connection, { listTags: true, clock }) };
}

describe("what a target lists", () => {
  it("spares a look for a minute, and none after", async () => {
    const { time, listings, target } = listingsAt(1_000_000);
    expect((await listings.of("charts/web")).lists("1.0.0")).toBe(false);
    time.now += 60_000;
    expect((await listings.of("charts/web")).lists("1.0.0")).toBe(false);
    time.now += 1;
    expect((await listings.of("charts/web")).lists("1.0.0")).toBeUndefined();
    expect(target.calls.list).toBe(1);
  });
});
