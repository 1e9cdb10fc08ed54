import { describe, expect, it } from "vitest";

import { fillDisk } from "./testing/fill-disk.ts";
import type { WorkItem } from "./work-item.ts";
import { createWorkQueue, type WorkQueue } from "./work-queue.ts";

const item = (sequence: number, target: string): WorkItem => ({
  sequence,
  target,
  run: "run",
  source: "https://charts.test",
  entry: { chart: "web", version: `1.0.${sequence}`, urls: [], notes: [] },
  repository: "web",
  tags: [`1.0.${sequence}`],
  known: { state: "unknown" },
});

describe("createWorkQueue", () => {
  it("gives each target its own items in order, and ends once closed and empty", async () => {
    const queue = createWorkQueue(["a", "b"]);
    for (const sequence of [0, 1]) for (const target of ["a", "b"]) await queue.put(item(sequence, target));
    await queue.close();
    expect([await sequenceOf(queue, "a"), await sequenceOf(queue, "a"), await sequenceOf(queue, "a")]).toEqual([0, 1, undefined]);
    expect(await sequenceOf(queue, "b")).toBe(0);
  });

  it("makes a single target's producer wait when the memory is full", async () => {
    const queue = createWorkQueue(["a"], 2);
    await queue.put(item(0, "a"));
    await queue.put(item(1, "a"));
    let third = "waits";
    const put = queue.put(item(2, "a")).then(() => (third = "is in"));
    await new Promise((done) => setImmediate(done));
    expect(third).toBe("waits");
    await queue.take("a");
    await put;
    expect(third).toBe("is in");
  });

  it("keeps what a slow target has not taken on disk, in order, while the fast one goes on", async () => {
    const queue = createWorkQueue(["slow", "fast"], 4);
    const count = 2000;
    for (let sequence = 0; sequence < count; sequence++) {
      await queue.put(item(sequence, "slow"));
      await queue.put(item(sequence, "fast"));
      expect(await sequenceOf(queue, "fast")).toBe(sequence);
    }
    await queue.close();
    for (let sequence = 0; sequence < count; sequence++) expect(await sequenceOf(queue, "slow")).toBe(sequence);
    expect(await sequenceOf(queue, "slow")).toBeUndefined();
  });

  it("says that the temporary folder has no room, and still hands out every item that it took", async () => {
    const queue = createWorkQueue(["slow", "fast"], 4);
    const restore = fillDisk(10);
    let put = 0;
    const filling = async (): Promise<never> => {
      for (;;) await queue.put(item(put++, "slow"));
    };
    await expect(filling().finally(restore)).rejects.toMatchObject({
      code: "disk-full",
      hint: "set TMPDIR to a place with room",
    });
    await queue.close();
    for (let sequence = 0; sequence < put; sequence++) expect(await sequenceOf(queue, "slow")).toBe(sequence);
    expect(await sequenceOf(queue, "slow")).toBeUndefined();
  });

  it("ends the outcomes when every item is acknowledged, not before", async () => {
    const queue = createWorkQueue(["a"]);
    await queue.put(item(0, "a"));
    await queue.close();
    const delivery = await queue.take("a");
    expect(delivery?.delivery).toBe(1);
    const record = { chart: "web", version: "1.0.0", status: "pushed" as const, bytes: 0, attempts: 1, milliseconds: 0, notes: [] };
    await delivery?.ack({ sequence: 0, record });
    const outcomes = [];
    for await (const outcome of queue.outcomes()) outcomes.push(outcome);
    expect(outcomes).toEqual([{ sequence: 0, record }]);
  });

  it("carries items that are plain data", () => {
    expect(JSON.parse(JSON.stringify(item(3, "a")))).toEqual(item(3, "a"));
  });
});

async function sequenceOf(queue: WorkQueue, target: string): Promise<number | undefined> {
  return (await queue.take(target))?.item.sequence;
}
