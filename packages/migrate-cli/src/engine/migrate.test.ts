import { readdirSync } from "node:fs";
import { join } from "node:path";

import { ChartferryError } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { runLane } from "./lane.ts";
import { migrate } from "./migrate.ts";
import type { MigrateOptions, MigrationTarget } from "./migrate-options.ts";
import { isComplete, type Report } from "./report.ts";
import { createSpool } from "./spool.ts";
import { createTargetListings } from "./target-listings.ts";
import { createFakeSource, type FakeSource } from "./testing/fake-source.ts";
import { createFakeTarget, type FakeTarget } from "./testing/fake-target.ts";
import { fillDisk } from "./testing/fill-disk.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";
import { createWorkQueue } from "./work-queue.ts";

describe("migrate", () => {
  it("brings every version to every target from one download", async () => {
    const source = createFakeSource(["web 1.0.0", "web 1.1.0+b7", "db 2.0.0"]);
    const [first, second] = [createFakeTarget("one.test"), createFakeTarget("two.test")];
    const report = await run(source, [first, second]);
    expect([...first.tags.keys()].toSorted()).toEqual(["charts/db:2.0.0", "charts/web:1.0.0", "charts/web:1.1.0_b7"]);
    expect([...second.tags.keys()].toSorted()).toEqual([...first.tags.keys()].toSorted());
    expect(source.opened.toSorted()).toEqual(["db 2.0.0", "web 1.0.0", "web 1.1.0+b7"]);
    expect(report.totals.downloads).toMatchObject({ charts: 3, reopened: 0 });
    expect(source.held()).toBe(0);
    expect(isComplete(report)).toBe(true);
  });

  it("lets one bad entry stop nothing, and reports each with its cause", async () => {
    const missing = new ChartferryError("the file is gone", { code: "source-missing", operation: "fetch chart", hint: "restore it" });
    const source = createFakeSource(["web 1.0.0", "!web nonsense", "Web 1.0.0", "web 1.0.1", "web 1.0.2"], {
      broken: { "web 1.0.1": missing },
    });
    const target = createFakeTarget();
    const report = await run(source, [target]);
    expect([...target.tags.keys()]).toEqual(["charts/web:1.0.0", "charts/web:1.0.2"]);
    expect(told(report)).toEqual([
      "web 1.0.0 pushed copied",
      "web nonsense refused entry-invalid",
      "Web 1.0.0 refused name-invalid",
      "web 1.0.1 failed source-missing",
      "web 1.0.2 pushed copied",
    ]);
    expect(report.totals).toMatchObject({ entries: 5, problems: 1, targets: { t0: { pushed: 2, failed: 1, refused: 1 } } });
    expect(isComplete(report)).toBe(false);
  });

  it("refuses the second of two entries that would share a tag", async () => {
    const target = createFakeTarget();
    const report = await run(createFakeSource(["web 1.0.0+a", "web 1.0.0_a"]), [target]);
    expect(told(report)).toEqual(["web 1.0.0+a pushed copied", "web 1.0.0_a refused duplicate-tag"]);
  });

  it("takes only what was selected, and counts the rest", async () => {
    const target = createFakeTarget();
    const source = createFakeSource(["web 1.0.0", "web 2.0.0", "db 2.0.0"]);
    const report = await run(source, [target], { selection: { charts: ["w*"], versionRange: ">=2" } });
    expect([...target.tags.keys()]).toEqual(["charts/web:2.0.0"]);
    expect(report.totals).toMatchObject({ entries: 3, excluded: 2 });
  });

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
    const report = await run(source, [slow, fast], { spoolBytes: 1000, concurrency: 8 });
    expect([slow.tags.size, fast.tags.size]).toEqual([1000, 1000]);
    expect(source.mostHeld()).toBeLessThan(200);
    expect(report.totals.downloads.reopened).toBeGreaterThan(200);
    expect(report.totals.downloads.charts).toBe(1000 + report.totals.downloads.reopened);
    expect(source.held()).toBe(0);
  });

  it("reports in the order of the source, whatever finished first", async () => {
    const names = Array.from({ length: 50 }, (_, index) => `web 1.0.${index}`);
    const source = createFakeSource(names, {
      beforeOpen: (name) => (name.endsWith("0") ? new Promise((done) => setImmediate(done)) : undefined),
    });
    const report = await run(source, [createFakeTarget()]);
    expect([...report.records()].map(({ version }) => `web ${version}`)).toEqual(names);
  });

  it("reports what is remarkable about the source as a whole", async () => {
    const notes = [{ code: "index-without-api-version", text: "the index has no apiVersion" }];
    expect((await run(createFakeSource(["web 1.0.0"], { notes }), [createFakeTarget()])).run.notes).toEqual(notes);
    expect((await run(createFakeSource(["web 1.0.0"]), [createFakeTarget()])).run.notes).toEqual([]);
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
      expect(() => [...report.records()]).toThrow(
        expect.objectContaining({ code: "file-unwritable", hint: "set TMPDIR to a place with room" }),
      );
    } finally {
      restore();
    }
  });

  it.each(["journal", "version", "crawled", "target-stopped"] as const)(
    "ends with what the caller's own code throws at %s",
    async (type) => {
      const names = Array.from({ length: 50 }, (_, index) => `web 1.0.${index}`);
      const [dead, alive] = [createFakeTarget("dead.test"), createFakeTarget("alive.test")];
      dead.failure = new ChartferryError("connection refused", { code: "connection-refused", operation: "list tags" });
      const events: string[] = [];
      const running = run(createFakeSource(names), [dead, alive], {
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
    const spool = createSpool({ source: createFakeSource([]), lanes: ["t0"], capacityBytes: 1 });
    const delivery = {
      spool: { ...spool, settle: () => Promise.reject(new Error("no room")) },
      listings: createTargetListings(target.connection, { listTags: true, clock }),
      existing: "verify" as const,
      recorded: () => undefined,
      maxWaitMs: 1000,
      clock,
    };
    let aborted = 0;
    const lane = runLane({ target: "t0", queue, delivery, concurrency: 1, clock, abort: () => void aborted++ });
    const entry = { chart: "web", version: "1.0.0", urls: [], notes: [] };
    const place = { run: "r", source: "s", target: "t0", repository: "charts/web", tag: "1.0.0", known: { state: "unknown" } as const };
    await queue.put({ ...place, sequence: 0, entry });
    // Long enough for a rejection that nobody looks at to be told to the process.
    for (let turn = 0; turn < 20; turn++) await new Promise((done) => setImmediate(done));
    expect(aborted).toBe(1);
    await queue.close();
    await expect(lane).rejects.toThrow("no room");
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

describe("a second migrate", () => {
  const names = ["web 1.0.0", "web 1.1.0", "db 1.0.0"];

  it("pushes nothing, downloads nothing and asks one HEAD a version with a journal", async () => {
    const target = createFakeTarget();
    const journal = { journalPath: () => `${temporaryFolder()}/journal.jsonl` };
    const path = journal.journalPath();
    await run(createFakeSource(names), [target], { journalPath: () => path });
    clear(target);
    const again = createFakeSource(names);
    const report = await run(again, [target], { journalPath: () => path });
    expect(again.opened).toEqual([]);
    expect(target.calls).toEqual({ list: 2, resolve: 3, fetchManifest: 0, putManifest: 0, putBlob: 0 });
    expect(report.totals.targets["t0"]).toMatchObject({ skipped: 3, pushed: 0, bytes: 0 });
  });

  it("asks one manifest a version without a journal, and nothing but the listings under trust", async () => {
    const target = createFakeTarget();
    await run(createFakeSource(names), [target]);
    clear(target);
    const report = await run(createFakeSource(names), [target]);
    expect(told(report)).toEqual(names.map((name) => `${name} skipped same-chart`));
    expect(target.calls).toEqual({ list: 2, resolve: 0, fetchManifest: 3, putManifest: 0, putBlob: 0 });
    clear(target);
    await run(createFakeSource(names), [target], { existing: "trust" });
    expect(target.calls).toEqual({ list: 2, resolve: 0, fetchManifest: 0, putManifest: 0, putBlob: 0 });
  });

  it("takes what its own journal put there for no failure under fail, and asks one HEAD for it", async () => {
    const target = createFakeTarget();
    const journalPath = journalIn(temporaryFolder());
    await run(createFakeSource(names), [target], { journalPath, existing: "fail" });
    clear(target);
    const report = await run(createFakeSource(names), [target], { journalPath, existing: "fail" });
    expect(told(report)).toEqual(names.map((name) => `${name} skipped unchanged`));
    expect(target.calls).toMatchObject({ resolve: 3, fetchManifest: 0 });
    const stranger = await run(createFakeSource(names), [target], { existing: "fail" });
    expect(told(stranger)).toEqual(names.map((name) => `${name} failed already-exists`));
  });

  it("downloads nothing under overwrite while source and target are as the journal says", async () => {
    const target = createFakeTarget();
    const journalPath = journalIn(temporaryFolder());
    await run(createFakeSource(names), [target], { journalPath });
    clear(target);
    const again = createFakeSource(names);
    const report = await run(again, [target], { journalPath, existing: "overwrite" });
    expect(told(report)).toEqual(names.map((name) => `${name} skipped unchanged`));
    expect(again.opened).toEqual([]);
    expect(target.calls).toMatchObject({ resolve: 3, fetchManifest: 0, putManifest: 0 });
  });

  it.each([
    ["verify", "failed conflict"],
    ["fail", "failed already-exists"],
    ["overwrite", "pushed copied"],
  ] as const)("believes no journal about an archive that was replaced in the source: %s", async (existing, outcome) => {
    const target = createFakeTarget();
    const journalPath = journalIn(temporaryFolder());
    await run(createFakeSource(names), [target], { journalPath });
    const source = createFakeSource(names, { replaced: { "web 1.0.0": "another archive" } });
    const report = await run(source, [target], { journalPath, existing });
    expect(told(report)).toEqual([`web 1.0.0 ${outcome}`, "web 1.1.0 skipped unchanged", "db 1.0.0 skipped unchanged"]);
  });

  it("reads again under overwrite what has no digest in the source, and keeps what the journal knows under verify", async () => {
    const target = createFakeTarget();
    const journalPath = journalIn(temporaryFolder());
    const options = { withoutDigests: true, replaced: { "web 1.0.0": "another archive" } };
    await run(createFakeSource(["web 1.0.0"], { withoutDigests: true }), [target], { journalPath });
    for (let round = 0; round < 2; round++) {
      const report = await run(createFakeSource(["web 1.0.0"], { withoutDigests: true }), [target], { journalPath });
      expect([...report.records()][0]).toMatchObject({
        status: "skipped",
        reason: "unchanged",
        layerDigest: expect.stringMatching(/^sha256:/),
      });
    }
    const report = await run(createFakeSource(["web 1.0.0"], options), [target], { journalPath, existing: "overwrite" });
    expect(told(report)).toEqual(["web 1.0.0 pushed copied"]);
  });

  it("pushes again what was deleted at the target, whatever the journal says", async () => {
    const target = createFakeTarget();
    const path = `${temporaryFolder()}/journal.jsonl`;
    await run(createFakeSource(names), [target], { journalPath: () => path });
    target.tags.delete("charts/web:1.1.0");
    const again = createFakeSource(names);
    await run(again, [target], { journalPath: () => path });
    expect(again.opened).toEqual(["web 1.1.0"]);
    expect(target.tags.has("charts/web:1.1.0")).toBe(true);
  });

  it("carries on after an interruption and ends as an undisturbed run does", async () => {
    const many = Array.from({ length: 100 }, (_, index) => `web 1.0.${index}`);
    const target = createFakeTarget();
    const interrupt = new AbortController();
    target.beforePut = () => {
      if (target.tags.size === 20) interrupt.abort();
    };
    const path = `${temporaryFolder()}/journal.jsonl`;
    const report = await run(createFakeSource(many), [target], { interrupt: interrupt.signal, journalPath: () => path, concurrency: 4 });
    expect(report.run.end).toBe("interrupted");
    expect(target.tags.size).toBeLessThan(30);
    const rest = createFakeSource(many);
    const second = await run(rest, [target], { journalPath: () => path });
    expect(rest.opened).toHaveLength(100 - report.totals.targets["t0"]!.pushed);
    expect(target.tags.size).toBe(100);
    const undisturbed = createFakeTarget();
    await run(createFakeSource(many), [undisturbed]);
    expect([...target.tags.values()].map(({ digest }) => digest).toSorted()).toEqual(
      [...undisturbed.tags.values()].map(({ digest }) => digest).toSorted(),
    );
    expect(isComplete(second)).toBe(true);
  });

  it("says conflict where another archive stands under the tag, and leaves it alone", async () => {
    const target = createFakeTarget();
    await run(createFakeSource(["web 1.0.0"]), [target]);
    const standing = target.tags.get("charts/web:1.0.0")!;
    target.tags.set("charts/db:1.0.0", standing);
    const report = await run(createFakeSource(["db 1.0.0"]), [target]);
    expect(told(report)).toEqual(["db 1.0.0 failed conflict"]);
    expect(target.tags.get("charts/db:1.0.0")).toBe(standing);
  });
});

describe("a registry that asks for patience", () => {
  it("is waited for as long as it says, within the limit", async () => {
    const target = createFakeTarget();
    const waits: number[] = [];
    const busy = new ChartferryError("slow down", { code: "rate-limited", operation: "list tags", retryAfterMs: 60_000 });
    target.failure = busy;
    const clock = {
      now: () => 0,
      sleep: async (ms: number) => {
        waits.push(ms);
        target.failure = undefined;
      },
    };
    const report = await run(createFakeSource(["web 1.0.0"]), [target], { clock });
    expect(waits).toEqual([60_000]);
    expect([...report.records()][0]).toMatchObject({ status: "pushed", attempts: 2 });
  });

  it("is looked at again after the wait, for others may have pushed meanwhile", async () => {
    const target = createFakeTarget();
    const stranger = createFakeTarget();
    await run(createFakeSource(["web 1.0.0"]), [stranger]);
    let now = 0;
    target.beforePut = () => {
      if (now > 0) return;
      throw new ChartferryError("slow down", { code: "rate-limited", operation: "push manifest", retryAfterMs: 5000 });
    };
    const clock = {
      now: () => now,
      sleep: async (ms: number) => {
        now += ms;
        for (const [tag, manifest] of stranger.tags) target.tags.set(tag, manifest);
      },
    };
    const report = await run(createFakeSource(["web 1.0.0"]), [target], { clock });
    expect(told(report)).toEqual(["web 1.0.0 skipped same-chart"]);
    expect(target.calls.putManifest).toBe(0);
  });

  it("fails the version when it asks for more than the limit", async () => {
    const target = createFakeTarget();
    target.failure = new ChartferryError("slow down", { code: "rate-limited", operation: "list tags", retryAfterMs: 60_000 });
    const report = await run(createFakeSource(["web 1.0.0"]), [target], { maxWaitMs: 1000 });
    expect(told(report)).toEqual(["web 1.0.0 failed rate-limited"]);
  });
});

async function run(source: FakeSource, targets: readonly FakeTarget[], options: Partial<MigrateOptions> = {}): Promise<Report> {
  const named = targets.map(({ connection }, index): MigrationTarget => ({ id: `t${index}`, connection, namespace: "charts" }));
  return migrate({ source, targets: named, ...options });
}

function journalIn(folder: string): () => string {
  return () => `${folder}/journal.jsonl`;
}

function told(report: Report): string[] {
  return [...report.records()].map(({ chart, version, status, reason }) => `${chart} ${version} ${status} ${reason}`);
}

function clear(target: FakeTarget): void {
  Object.assign(target.calls, { list: 0, resolve: 0, fetchManifest: 0, putManifest: 0, putBlob: 0 });
}
