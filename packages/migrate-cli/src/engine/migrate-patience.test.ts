import { ChartferryError } from "@chartferry/core";
import { describe, expect, it } from "vitest";

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

  it("fails the version when it asks for more than the limit", async () => {
    const target = createFakeTarget();
    target.failure = new ChartferryError("slow down", { code: "rate-limited", operation: "list tags", retryAfterMs: 60_000 });
    const report = await run(createFakeSource(["web 1.0.0"]), [target], { maxWaitMs: 1000 });
    expect(told(report)).toEqual(["web 1.0.0 failed rate-limited"]);
  });
});
