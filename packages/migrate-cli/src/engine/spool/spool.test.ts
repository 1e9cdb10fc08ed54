import { ChartferryError, type ChartPackage } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { createSpool, type Spool } from "./spool.ts";
import { createFakeSource, type FakeSource } from "../testing/fake-source.ts";

const entry = (version: string) => ({ chart: "web", version, urls: [], notes: [] });
const failure = (retryable: boolean) => new ChartferryError("no", { code: "timeout", operation: "fetch chart", retryable });
/** Bytes of memory for two charts that wait (9 bytes of archive each, and what is known of it); twice as much for those in use. */
const roomForTwo = { memoryBytes: 20_000 };

async function use(spool: Spool, lane: string, sequence: number): Promise<ChartPackage> {
  const lease = await spool.lease(sequence, entry(`1.0.${sequence}`));
  const { package: used } = lease;
  await lease.release();
  await spool.settle(lane, sequence);
  return used;
}

async function useAll(spool: Spool, lane: string, count: number): Promise<void> {
  for (let sequence = 0; sequence < count; sequence++) await use(spool, lane, sequence);
}

async function textOf({ layer }: Extract<ChartPackage, { kind: "assemble" }>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of layer.open()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function expectAssembled(opened: ChartPackage): asserts opened is Extract<ChartPackage, { kind: "assemble" }> {
  expect(opened.kind).toBe("assemble");
}

/** Lets everything happen that can without time passing. */
const settled = (): Promise<void> => new Promise((done) => setImmediate(done));

describe("createSpool", () => {
  it("keeps a chart until every lane has settled it, and lets it go then", async () => {
    const source = createFakeSource([]);
    const spool = createSpool({ source, lanes: ["a", "b"] });
    await use(spool, "a", 0);
    expect(source.held()).toBe(1);
    await use(spool, "b", 0);
    expect(source.held()).toBe(0);
    expect(source.opened).toEqual(["web 1.0.0"]);
  });

  it("lets lanes that come at the same time share one download", async () => {
    const source = createFakeSource([]);
    const spool = createSpool({ source, lanes: ["a", "b"] });
    await Promise.all([spool.lease(0, entry("1.0.0")), spool.lease(0, entry("1.0.0"))]);
    expect(source.opened).toHaveLength(1);
    await spool.close();
  });

  it("puts what no longer fits into memory on disk, and gives a lane that lags the very same from there", async () => {
    const names = ["web 1.0.5"];
    const source = createFakeSource([], { signed: new Set(names) });
    const spool = createSpool({ source, lanes: ["fast", "slow"], limits: roomForTwo });
    await useAll(spool, "fast", 20);
    expect(source.held()).toBe(2);
    for (let sequence = 0; sequence < 20; sequence++) {
      const opened = await use(spool, "slow", sequence);
      expectAssembled(opened);
      expect(await textOf(opened)).toBe(`web 1.0.${sequence}`);
      expect(opened).toMatchObject({
        metadata: { apiVersion: "v2", name: "web", version: `1.0.${sequence}` },
        created: "2021-01-01T00:00:00Z",
      });
      expect(opened.provenance?.bytes?.toString()).toBe(sequence === 5 ? "web 1.0.5 signed" : undefined);
    }
    expect(spool.counts).toMatchObject({ charts: 20, reopened: 0 });
    expect([source.opened.length, source.held(), spool.notes()]).toEqual([20, 0, []]);
    await spool.close();
  });

  it("drops what fits neither into memory nor on disk, the newest first, reads it again for the lane that lags, and counts that", async () => {
    const source = createFakeSource([]);
    const spool = createSpool({ source, lanes: ["fast", "slow"], limits: { ...roomForTwo, diskBytes: 0 } });
    await useAll(spool, "fast", 10);
    expect(source.held()).toBe(2);
    await useAll(spool, "slow", 10);
    expect(source.opened.slice(10)).toEqual([2, 3, 4, 5, 6, 7, 8, 9].map((number) => `web 1.0.${number}`));
    expect(spool.counts).toMatchObject({ charts: 18, reopened: 8 });
    expect(source.held()).toBe(0);
  });

  it("opens no further chart while those in use and those on their way fill the memory, however many are asked for at once", async () => {
    const openings: (() => void)[] = [];
    const source = createFakeSource([], { beforeOpen: () => new Promise<void>((resolve) => void openings.push(resolve)) });
    // A chart on its way takes 256 KiB until its size is known.
    const spool = createSpool({ source, lanes: ["a"], limits: { memoryBytes: 6 * 256 * 1024 } });
    const uses = Array.from({ length: 20 }, (_none, sequence) => use(spool, "a", sequence));
    await settled();
    expect(source.opened).toHaveLength(6);
    openings.shift()?.();
    await settled();
    expect(source.opened).toHaveLength(7);
    const timer = setInterval(() => openings.shift()?.(), 0);
    await Promise.all(uses);
    clearInterval(timer);
    await spool.close();
    expect(source.held()).toBe(0);
  });

  it("opens a few at a time while a lane that hangs has the memory in use", async () => {
    const source = createFakeSource([]);
    const spool = createSpool({ source, lanes: ["hangs", "goes on"], limits: { memoryBytes: 1 } });
    for (const sequence of [0, 1, 2]) await spool.lease(sequence, entry(`1.0.${sequence}`));
    await useAll(spool, "goes on", 50);
    expect(spool.counts).toMatchObject({ charts: 50, reopened: 0 });
    await spool.close();
  });

  it("lets a chart grow in memory as long as there is room", async () => {
    const source = createFakeSource([]);
    const answers: (boolean | undefined)[] = [];
    const asking: FakeSource = {
      ...source,
      open: (asked, options) => {
        answers.push(options?.memory?.(100_000), options?.memory?.(100_000));
        return source.open(asked);
      },
    };
    const spool = createSpool({ source: asking, lanes: ["a"], limits: { memoryBytes: 256 * 1024 + 150_000 } });
    await useAll(spool, "a", 2);
    expect(answers).toEqual([true, false, true, false]);
  });

  it("asks again for what may succeed later, and not for what cannot", async () => {
    const source = createFakeSource([], { broken: { "web 1.0.0": failure(true), "web 1.0.1": failure(false) } });
    const spool = createSpool({ source, lanes: ["a", "b"] });
    for (const sequence of [0, 0, 1, 1]) await expect(spool.lease(sequence, entry(`1.0.${sequence}`))).rejects.toThrow("no");
    expect(source.opened).toEqual(["web 1.0.0", "web 1.0.0", "web 1.0.1"]);
  });
});
