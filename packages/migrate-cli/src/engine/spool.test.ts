import { ChartferryError } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { createSpool } from "./spool.ts";
import { createFakeSource } from "./testing/fake-source.ts";

const entry = (version: string) => ({ chart: "web", version, urls: [], notes: [] });
const failure = (retryable: boolean) => new ChartferryError("no", { code: "timeout", operation: "fetch chart", retryable });
/** Bytes of the archive `web 1.0.0`. */
const size = 9;

describe("createSpool", () => {
  it("keeps a chart until every lane has settled it, and lets it go then", async () => {
    const source = createFakeSource([]);
    const spool = createSpool({ source, lanes: ["a", "b"], capacityBytes: 1000 });
    const lease = await spool.lease(0, entry("1.0.0"));
    await lease.release();
    await spool.settle("a", 0);
    expect(source.held()).toBe(1);
    const other = await spool.lease(0, entry("1.0.0"));
    await other.release();
    await spool.settle("b", 0);
    expect(source.held()).toBe(0);
    expect(source.opened).toEqual(["web 1.0.0"]);
  });

  it("lets lanes that come at the same time share one download", async () => {
    const source = createFakeSource([]);
    const spool = createSpool({ source, lanes: ["a", "b"], capacityBytes: 1000 });
    await Promise.all([spool.lease(0, entry("1.0.0")), spool.lease(0, entry("1.0.0"))]);
    expect(source.opened).toHaveLength(1);
    await spool.close();
  });

  it("drops what no longer fits, reads it again for the lane that lags, and counts that", async () => {
    const source = createFakeSource([]);
    const spool = createSpool({ source, lanes: ["fast", "slow"], capacityBytes: size });
    for (const sequence of [0, 1, 2]) {
      const lease = await spool.lease(sequence, entry(`1.0.${sequence}`));
      await lease.release();
      await spool.settle("fast", sequence);
    }
    expect(source.held()).toBeLessThanOrEqual(1);
    for (const sequence of [0, 1, 2]) {
      const lease = await spool.lease(sequence, entry(`1.0.${sequence}`));
      await lease.release();
      await spool.settle("slow", sequence);
    }
    expect(spool.counts.reopened).toBeGreaterThan(0);
    expect(spool.counts.charts).toBe(3 + spool.counts.reopened);
    expect(source.held()).toBe(0);
  });

  it("opens no further chart while those in use fill it", async () => {
    const source = createFakeSource([]);
    const spool = createSpool({ source, lanes: ["a"], capacityBytes: size });
    const first = await spool.lease(0, entry("1.0.0"));
    const second = spool.lease(1, entry("1.0.1"));
    await new Promise((done) => setImmediate(done));
    expect(source.opened).toEqual(["web 1.0.0"]);
    await first.release();
    await spool.settle("a", 0);
    await (await second).release();
    expect(source.opened).toEqual(["web 1.0.0", "web 1.0.1"]);
    await spool.close();
  });

  it("asks again for what may succeed later, and not for what cannot", async () => {
    const source = createFakeSource([], { broken: { "web 1.0.0": failure(true), "web 1.0.1": failure(false) } });
    const spool = createSpool({ source, lanes: ["a", "b"], capacityBytes: 1000 });
    for (const sequence of [0, 0, 1, 1]) await expect(spool.lease(sequence, entry(`1.0.${sequence}`))).rejects.toThrow("no");
    expect(source.opened).toEqual(["web 1.0.0", "web 1.0.0", "web 1.0.1"]);
  });
});
