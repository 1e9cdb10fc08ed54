import { ChartferryError } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import type { MigrateEvent } from "./migrate-options.ts";
import type { RunFigures } from "./run-figures.ts";
import { createFakeSource } from "./testing/fake-source.ts";
import { createFakeTarget } from "./testing/fake-target.ts";
import { run, told } from "./testing/run-migrate.ts";

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

  it.each([
    ["waits when it asks for just the limit", 60_000, { maxWaitMs: 60_000 }, "pushed copied"],
    ["fails the version when it asks for more than the limit", 60_001, { maxWaitMs: 60_000 }, "failed rate-limited"],
    ["waits a quarter of an hour where nothing else is said", 15 * 60_000, {}, "pushed copied"],
    ["and no longer", 15 * 60_000 + 1, {}, "failed rate-limited"],
  ])("%s", async (...[, retryAfterMs, options, outcome]) => {
    const target = createFakeTarget();
    target.failure = new ChartferryError("slow down", { code: "rate-limited", operation: "list tags", retryAfterMs });
    const waits: number[] = [];
    const clock = {
      now: () => 0,
      sleep: async (ms: number) => {
        waits.push(ms);
        target.failure = undefined;
      },
    };
    const report = await run(createFakeSource(["web 1.0.0"]), [target], { clock, ...options });
    expect(told(report)).toEqual([`web 1.0.0 ${outcome}`]);
    expect(waits).toEqual(outcome === "pushed copied" ? [retryAfterMs] : []);
  });

  it("is left alone by all versions meanwhile", async () => {
    const target = createFakeTarget();
    const wakeUps: (() => void)[] = [];
    let now = 0;
    const clock = { now: () => now, sleep: () => new Promise<void>((resolve) => void wakeUps.push(resolve)) };
    target.beforePut = async (reference) => {
      if (now > 0) return;
      if (reference.endsWith("1.0.1")) return new Promise((settle) => setImmediate(settle));
      throw new ChartferryError("slow down", { code: "rate-limited", operation: "push manifest", retryAfterMs: 5000 });
    };
    const source = createFakeSource(["web 1.0.0", "web 1.0.1", "web 1.0.2"]);
    const running = run(source, [target], { clock, concurrency: 2 });
    for (let turn = 0; turn < 50; turn++) await new Promise((settle) => setImmediate(settle));
    expect(target.tags.has("charts/web:1.0.1")).toBe(true);
    expect(source.opened).toEqual(["web 1.0.0", "web 1.0.1"]);
    now = 5000;
    for (const wake of wakeUps) wake();
    expect(told(await running)).toEqual(["web 1.0.0 pushed copied", "web 1.0.1 pushed copied", "web 1.0.2 pushed copied"]);
  });

  it("is told of, with the time, the cause and how many versions wait meanwhile", async () => {
    const target = createFakeTarget();
    const facts = { code: "rate-limited", operation: "list tags", registry: "api.registry.test", retryAfterMs: 5000 } as const;
    target.failure = new ChartferryError("api.registry.test answers 429", facts);
    const events: MigrateEvent[] = [];
    const inFlight: (number | undefined)[] = [];
    let figures: (() => RunFigures) | undefined;
    const clock = { now: () => 0, sleep: async () => void (target.failure = undefined) };
    await run(createFakeSource(["web 1.0.0"]), [target], {
      clock,
      onEvent: (event) => {
        if (event.type === "started") figures = event.figures;
        if (event.type !== "waiting") return;
        events.push(event);
        inFlight.push(figures?.().inFlight["t0"]);
      },
    });
    const place = { end: "target", target: "t0", host: "api.registry.test" };
    expect(events).toEqual([{ type: "waiting", ...place, milliseconds: 5000, reason: "api.registry.test answers 429" }]);
    expect(inFlight).toEqual([1]);
    expect(figures?.()).toMatchObject({ crawled: true, inFlight: { t0: 0 }, totals: { entries: 1, targets: { t0: { pushed: 1 } } } });
    expect(figures?.().hosts).toEqual([expect.objectContaining({ end: "target", target: "t0", host: "registry.test" })]);
  });

  it("is not waited for once the run is interrupted; its versions are left for the next run, not failed", async () => {
    const target = createFakeTarget();
    target.failure = new ChartferryError("slow down", { code: "rate-limited", operation: "list tags", retryAfterMs: 60_000 });
    const interrupt = new AbortController();
    const clock = {
      now: () => 0,
      sleep: (_ms: number, signal?: AbortSignal) =>
        new Promise<void>((_resolve, reject) => {
          signal?.addEventListener("abort", () => reject(new Error("woken")));
          interrupt.abort();
        }),
    };
    const report = await run(createFakeSource(["web 1.0.0"]), [target], { clock, interrupt: interrupt.signal });
    expect(told(report)).toEqual(["web 1.0.0 not-attempted interrupted"]);
    expect(report.run.end).toBe("interrupted");
  });
});
