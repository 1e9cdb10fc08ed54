import { ChartferryError, digestOf } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { audited, layoutTarget, push } from "../testing/audit-target.ts";
import { createFakeSource } from "../testing/fake-source.ts";
import { createFakeTarget, imageManifest } from "../testing/fake-target.ts";

describe("an audit", () => {
  it("finds equal what a migration has just brought, and opens no chart", async () => {
    const target = await layoutTarget();
    const names = ["web 1.0.0", "web 1.1.0+b7", "db 1.0.0"];
    await push(target, createFakeSource(names));
    const source = createFakeSource(names);
    const { lines, verdict: end } = await audited(target, source);
    expect(lines).toEqual(["web 1.0.0: same", "web 1.1.0+b7: same", "db 1.0.0: same"]);
    expect([end, source.opened]).toEqual(["equal", []]);
  });

  it("tells what is missing, drifted, extra and no chart at all", async () => {
    const target = await layoutTarget();
    await push(target, createFakeSource(["web 1.0.0", "web 1.1.0", "web 9.0.0"], { replaced: { "web 1.1.0": "other bytes" } }));
    const store = await target.connection.openStore("charts/web");
    const config = Buffer.from("{}");
    await store.putBlob({
      digest: digestOf(config),
      size: 2,
      bytes: config,
      async *open() {
        yield config;
      },
    });
    await store.putManifest("1.2.0", imageManifest());
    const {
      lines,
      records,
      verdict: end,
      audit,
    } = await audited(target, createFakeSource(["web 1.0.0", "web 1.1.0", "web 1.2.0", "web 1.3.0", "Web 1.0.0", "!web bad"]));
    expect(lines).toEqual([
      "web 1.0.0: same",
      "web 1.1.0: drifted chart-differs",
      "web 1.2.0: drifted not-a-chart",
      "web 1.3.0: missing tag-missing",
      "Web 1.0.0: missing name-invalid",
      "web bad: unverifiable entry-invalid",
      "web 9.0.0: extra extra-tag",
    ]);
    expect(end).toBe("drift");
    expect(audit.totals.targets["layout"]).toEqual({ same: 1, missing: 2, drifted: 2, broken: 0, extra: 1, unverifiable: 0, unchecked: 0 });
    for (const { state, reason, message, hint } of records)
      if (reason !== "entry-invalid" && state !== "same" && state !== "extra") expect([message, hint]).not.toContain(undefined);
  });

  it("cannot tell about a version whose index gives no digest, but that it is there", async () => {
    const target = await layoutTarget();
    await push(target, createFakeSource(["web 1.0.0"]));
    const { lines, verdict: end } = await audited(target, createFakeSource(["web 1.0.0", "web 1.1.0"], { withoutDigests: true }), {
      selection: { versionRange: "1.0.x" },
    });
    expect([lines, end]).toEqual([["web 1.0.0: unverifiable digest-missing"], "doubt"]);
  });

  it("is blind where no target answers, and says why", async () => {
    const fake = createFakeTarget();
    fake.failure = new ChartferryError("service unavailable", { code: "unavailable", operation: "list tags", hint: "wait" });
    const target = { id: "t0", namespace: "charts", connection: fake.connection };
    const { lines, verdict: end } = await audited(target, createFakeSource(["web 1.0.0"]));
    expect([lines, end]).toEqual([["web 1.0.0: unchecked unavailable"], "blind"]);
  });
});
