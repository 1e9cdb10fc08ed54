import { ChartferryError } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { createFakeSource } from "./testing/fake-source.ts";
import { createFakeTarget } from "./testing/fake-target.ts";
import { run, told } from "./testing/run-migrate.ts";

describe("a registry that asks for patience", () => {
  it("is waited for by its connection: what still fails has failed, and is tried again by the next run", async () => {
    const target = createFakeTarget();
    target.failure = new ChartferryError("slow down", { code: "rate-limited", operation: "list tags", retryAfterMs: 60_000 });
    const report = await run(createFakeSource(["web 1.0.0"]), [target]);
    expect(told(report)).toEqual(["web 1.0.0 failed rate-limited"]);
    expect([...report.records()][0]).toMatchObject({ attempts: 1 });
    target.failure = undefined;
    expect(told(await run(createFakeSource(["web 1.0.0"]), [target]))).toEqual(["web 1.0.0 pushed copied"]);
  });

  it("and whose connection waits no more, for the run was interrupted, leaves its versions for the next run", async () => {
    const target = createFakeTarget();
    target.failure = new ChartferryError("interrupted", { code: "aborted", operation: "list tags" });
    expect(told(await run(createFakeSource(["web 1.0.0"]), [target]))).toEqual(["web 1.0.0 not-attempted interrupted"]);
  });
});

describe("a registry that has lost a blob by the time the manifest comes", () => {
  it.each([
    [2, "web 1.0.0 pushed copied", 3],
    [3, "web 1.0.0 failed blob-unknown", 3],
  ])("gets it again, %i times: %s", async (losses, outcome, attempts) => {
    const target = createFakeTarget();
    let lost = 0;
    target.beforePut = () => {
      if (lost++ < losses) throw new ChartferryError("no such blob", { code: "blob-unknown", operation: "push manifest" });
    };
    const report = await run(createFakeSource(["web 1.0.0"]), [target]);
    expect(told(report)).toEqual([outcome]);
    expect([...report.records()][0]).toMatchObject({ attempts });
    expect(target.calls.putBlob).toBe(2 * attempts);
  });
});
