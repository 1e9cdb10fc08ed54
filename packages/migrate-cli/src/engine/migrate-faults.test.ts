import { readdirSync } from "node:fs";
import { join } from "node:path";

import { ChartferryError, type Connection } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { runLane } from "./deliver/lane.ts";
import { isComplete } from "./keep/report.ts";
import { createSpool } from "./spool/spool.ts";
import { createTargetListings } from "./deliver/target-listings.ts";
import { createFakeSource } from "./testing/fake-source.ts";
import { createFakeTarget } from "./testing/fake-target.ts";
import { fillDisk } from "./testing/fill-disk.ts";
import { journalIn, run, told } from "./testing/run-migrate.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";
import { createWorkQueue } from "./work-queue.ts";

describe("a fault during migrate", () => {
  it("keeps other targets going when one is dead, and gives that one up after a few failures", async () => {
    const names = Array.from({ length: 200 }, (_, index) => `web 1.0.${index}`);
    const [dead, alive] = [createFakeTarget("dead.test"), createFakeTarget("alive.test")];
    dead.failure = new ChartferryError("connection refused", { code: "connection-refused", operation: "list tags", hint: "start it" });
    const stopped: string[] = [];
    const report = await run(createFakeSource(names), [dead, alive], {
      concurrency: 4,
      onEvent: (event) => event.type === "target-stopped" && stopped.push(event.target),
    });
    expect(alive.tags.size).toBe(200);
    expect(dead.calls.list).toBeLessThan(10);
    expect(stopped).toEqual(["t0"]);
    expect(report.totals.targets["t0"]?.["not-attempted"]).toBeGreaterThan(190);
    expect(report.totals.downloads.charts).toBe(200);
  });

  it("does not let a target that hangs hold the others back, within bounded memory", async () => {
    const names = Array.from({ length: 1000 }, (_, index) => `web 1.0.${index}`);
    const [slow, fast] = [createFakeTarget("slow.test"), createFakeTarget("fast.test")];
    const fastIsDone = new Promise<void>((resolve) => {
      fast.beforePut = () => (fast.tags.size === 999 ? resolve() : undefined);
    });
    slow.beforePut = () => fastIsDone;
    const source = createFakeSource(names);
    const report = await run(source, [slow, fast], { spool: { memoryBytes: 100_000, diskBytes: 0 }, concurrency: 8 });
    expect([slow.tags.size, fast.tags.size]).toEqual([1000, 1000]);
    expect(source.mostHeld()).toBeLessThan(200);
    expect(report.totals.downloads.reopened).toBeGreaterThan(200);
    expect(report.totals.downloads.charts).toBe(1000 + report.totals.downloads.reopened);
    expect(source.held()).toBe(0);
  });

  it("goes on when its journal has no room, and says so", async () => {
    const folder = temporaryFolder();
    const target = createFakeTarget();
    const restore = fillDisk(10);
    const report = await run(createFakeSource(["web 1.0.0"]), [target], { journalPath: () => join(folder, "journal.jsonl") }).finally(
      restore,
    );
    expect([...target.tags.keys()]).toEqual(["charts/web:1.0.0"]);
    expect(report.run.notes).toEqual([{ code: "journal-unwritable", text: expect.stringContaining("ENOSPC") }]);
    expect(isComplete(report)).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("ends with a clear error when its records have no room", async () => {
    const report = await run(createFakeSource(["web 1.0.0"]), [createFakeTarget()]);
    const restore = fillDisk(10);
    try {
      expect(() => [...report.records()]).toThrow(expect.objectContaining({ code: "disk-full", hint: "set TMPDIR to a place with room" }));
    } finally {
      restore();
    }
  });

  it.each(["started", "journal", "version", "note", "crawled", "target-stopped"] as const)(
    "ends with what the caller's own code throws at %s",
    async (type) => {
      const names = Array.from({ length: 50 }, (_, index) => `web 1.0.${index}`);
      const [dead, alive] = [createFakeTarget("dead.test"), createFakeTarget("alive.test")];
      dead.failure = new ChartferryError("connection refused", { code: "connection-refused", operation: "list tags" });
      const events: string[] = [];
      const running = run(createFakeSource(names), [dead, alive], {
        selection: { charts: ["*", "no-such-chart"] },
        journalPath: journalIn(temporaryFolder()),
        onEvent: (event) => {
          if (event.type !== type) return;
          events.push(type);
          throw new Error("the caller's fault");
        },
      });
      await expect(running).rejects.toThrow("the caller's fault");
      expect(events).toEqual([type]);
    },
  );

  it("ends with a fault of a lane's own, without leaving it to the process", async () => {
    const clock = { now: () => 0, sleep: () => Promise.resolve() };
    const queue = createWorkQueue(["t0"]);
    const target = createFakeTarget();
    const spool = createSpool({ source: createFakeSource([]), lanes: ["t0"] });
    const delivery = {
      spool: { ...spool, settle: () => Promise.reject(new Error("no room")) },
      listings: createTargetListings(target.connection, { listTags: true, clock }),
      existing: "verify" as const,
      recorded: () => undefined,
      clock,
    };
    let aborted = 0;
    const lane = runLane({ target: "t0", naming: target.connection, queue, delivery, concurrency: 1, abort: () => void aborted++ });
    const entry = { chart: "web", version: "1.0.0", urls: [], notes: [] };
    const place = {
      run: "r",
      source: "s",
      target: "t0",
      repository: "charts/web",
      tags: ["1.0.0"] as const,
      known: { state: "unknown" } as const,
    };
    await queue.put({ ...place, sequence: 0, entry });
    // Long enough for a rejection that nobody looks at to be told to the process.
    for (let turn = 0; turn < 20; turn++) await new Promise((done) => setImmediate(done));
    expect(aborted).toBe(1);
    await queue.close();
    await expect(lane).rejects.toThrow("no room");
  });

  it("takes a chart that the source cannot give for no sign that the target lives", async () => {
    const gone = new ChartferryError("gone", { code: "source-missing", operation: "fetch chart" });
    const refused = new ChartferryError("connection refused", { code: "connection-refused", operation: "push manifest" });
    const numbers = Array.from({ length: 10 }, (_, number) => number);
    const broken = Object.fromEntries(numbers.filter((number) => number % 2 === 1).map((number) => [`web 1.0.${number}`, gone]));
    const target = createFakeTarget();
    target.beforePut = () => Promise.reject(refused);
    const source = createFakeSource(
      numbers.map((number) => `web 1.0.${number}`),
      { broken },
    );
    const report = await run(source, [target], { concurrency: 1 });
    expect([...report.records()].map(({ reason }) => reason).slice(5)).toEqual(Array.from({ length: 5 }, () => "target-stopped"));
    expect(source.opened).toEqual([0, 1, 2, 3, 4].map((number) => `web 1.0.${number}`));
  });

  it("ends with a lane's fault only when the others are done, for they write to the run's files", async () => {
    const [faulty, busy] = [createFakeTarget("faulty.test"), createFakeTarget("busy.test")];
    const connection: Connection = {
      ...faulty.connection,
      nameProblems() {
        if (begun > 0) throw new Error("a fault of our own");
        return [];
      },
    };
    let [begun, ended] = [0, 0];
    faulty.beforePut = () => expect.poll(() => begun).toBe(1);
    busy.beforePut = async () => {
      begun++;
      for (let turn = 0; turn < 20; turn++) await new Promise((done) => setImmediate(done));
      ended++;
    };
    const events: string[] = [];
    const running = run(createFakeSource(["web 1.0.0", "web 1.1.0"]), [{ ...faulty, connection }, busy], {
      concurrency: 1,
      onEvent: (event) => {
        if (event.type === "version") events.push(`${event.record.target} ${event.record.status}`);
      },
    });
    await expect(running).rejects.toThrow("a fault of our own");
    expect({ begun, ended }).toEqual({ begun: 1, ended: 1 });
    expect(events).toContain("t1 pushed");
  });

  it("throws what keeps the source from being read at all", async () => {
    const breaksOff = new ChartferryError("no index there", { code: "index-missing", operation: "read index" });
    await expect(run(createFakeSource([], { breaksOff }), [createFakeTarget()])).rejects.toMatchObject({ code: "index-missing" });
  });

  it("reports what came before a source broke off", async () => {
    const breaksOff = new ChartferryError("cut short", { code: "index-truncated", operation: "read index", hint: "run it again" });
    const report = await run(createFakeSource(["web 1.0.0"], { breaksOff }), [createFakeTarget()]);
    expect(report.run).toMatchObject({ end: "source-failed", problem: { code: "index-truncated", hint: "run it again" } });
    expect(told(report)).toEqual(["web 1.0.0 pushed copied"]);
    expect(isComplete(report)).toBe(false);
  });
});
