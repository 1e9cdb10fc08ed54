import { ChartferryError, type Connection, systemClock } from "@chartferry/core";
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

  it("is asked for once where the list never ends, and again where it only broke off", async () => {
    const calls = { list: 0 };
    const failing = (code: "protocol-violation" | "connection-lost") => {
      const target = createFakeTarget();
      const openStore: Connection["openStore"] = async (name) => ({
        ...(await target.connection.openStore(name)),
        async *tags() {
          calls.list += 1;
          yield "1.0.0";
          throw new ChartferryError("broken", { code, operation: "list tags" });
        },
      });
      return createTargetListings({ ...target.connection, openStore }, { listTags: true, clock: systemClock });
    };
    const endless = failing("protocol-violation");
    for (let turn = 0; turn < 3; turn++) await expect(endless.of("charts/web")).rejects.toMatchObject({ code: "protocol-violation" });
    expect(calls.list).toBe(1);
    const broken = failing("connection-lost");
    for (let turn = 0; turn < 3; turn++) await expect(broken.of("charts/web")).rejects.toMatchObject({ code: "connection-lost" });
    expect(calls.list).toBe(4);
  });

  it("is forgotten, the oldest first, where it is too many tags in all", async () => {
    const target = createFakeTarget();
    const listed: string[] = [];
    const openStore: Connection["openStore"] = async (name) => ({
      ...(await target.connection.openStore(name)),
      async *tags() {
        listed.push(name);
        for (let number = 0; number < 4; number++) yield `1.0.${number}`;
      },
    });
    const listings = createTargetListings({ ...target.connection, openStore }, { listTags: true, clock: systemClock, keptTags: 10 });
    for (const name of ["a", "b", "a", "c", "b", "a"]) expect((await listings.of(name)).lists("1.0.3")).toBe(true);
    expect(listed).toEqual(["a", "b", "c", "a"]);
  });
});
