import { rmSync } from "node:fs";

import { digestOf } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { migrate } from "../migrate.ts";
import { audited, blobFile, layoutTarget } from "../testing/audit-target.ts";
import { createFakeSource } from "../testing/fake-source.ts";

describe("an audit of several tags", () => {
  it("takes two manifests of one archive for the same, as a migration does, and notes them", async () => {
    const target = await layoutTarget();
    const [source, later] = [{}, { created: "2022-02-02T00:00:00Z" }].map((options) => createFakeSource(["web v1.0.0"], options));
    const both = { mapping: { vPrefix: "both" } } as const;
    (await migrate({ source: source!, targets: [target], mapping: { vPrefix: "strip" } })).close();
    (await migrate({ source: later!, targets: [target] })).close();
    const report = await migrate({ source: source!, targets: [target], ...both });
    expect([...report.records()].map(({ status, reason }) => `${status} ${reason}`)).toEqual(["skipped same-chart"]);
    report.close();
    const { lines, records } = await audited(target, source!, both);
    expect([lines, records[0]?.notes.map(({ code }) => code)]).toEqual([["web v1.0.0: same"], ["tags-differ"]]);
    (await migrate({ source: source!, targets: [target], existing: "overwrite", ...both })).close();
    expect((await audited(target, source!, both)).records[0]?.notes).toEqual([]);
  });

  it("finds two tags drifted of which one alone is signed, and nobody can say which is right", async () => {
    const target = await layoutTarget();
    const [plain, signed] = [{}, { signed: new Set(["web v1.0.0"]) }].map((options) => createFakeSource(["web v1.0.0"], options));
    (await migrate({ source: plain!, targets: [target], mapping: { vPrefix: "strip" } })).close();
    (await migrate({ source: signed!, targets: [target] })).close();
    const told = await audited(target, plain!, { mapping: { vPrefix: "both" }, quick: true });
    expect(told.lines).toEqual(["web v1.0.0: drifted tags-differ"]);
  });

  it("finds what is certain under one tag though nothing can be said of the first", async () => {
    const target = await layoutTarget();
    const source = createFakeSource(["web v1.0.0"], { withoutDigests: true });
    const other = createFakeSource(["web v1.0.0"], { replaced: { "web v1.0.0": "another archive" } });
    (await migrate({ source, targets: [target], mapping: { vPrefix: "strip" } })).close();
    (await migrate({ source: other, targets: [target] })).close();
    rmSync(blobFile(target.folder, "charts/web", digestOf(Buffer.from("another archive"))));
    const { lines, records } = await audited(target, source, { mapping: { vPrefix: "both" } });
    expect(lines).toEqual(["web v1.0.0: broken blob-missing"]);
    expect(records[0]?.message).toContain(":v1.0.0 ");
  });

  it("looks at all tags of a version, and at one manifest behind them", async () => {
    const target = await layoutTarget();
    const source = createFakeSource(["web v1.0.0", "web v1.1.0"]);
    const mapping = { vPrefix: "both" } as const;
    (await migrate({ source, targets: [target], mapping })).close();
    expect((await audited(target, source, { mapping })).lines).toEqual(["web v1.0.0: same", "web v1.1.0: same"]);
    const store = await target.connection.openStore("charts/web");
    const other = await store.fetchManifest("1.1.0");
    if (other === undefined) throw new Error("it was not pushed");
    await store.putManifest("v1.0.0", other);
    await store.deleteManifest("v1.1.0");
    expect((await audited(target, source, { mapping })).lines).toEqual([
      "web v1.0.0: drifted chart-differs",
      "web v1.1.0: missing tag-missing",
    ]);
  });
});
