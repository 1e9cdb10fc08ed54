import { rmSync, truncateSync } from "node:fs";
import { join } from "node:path";

import {
  bytesContent,
  ChartferryError,
  type ChartSource,
  connectLayout,
  type Connection,
  type Digest,
  digestOf,
  type SoughtProvenance,
} from "@chartferry/core";
import { describe, expect, it, onTestFinished } from "vitest";

import { temporaryRegistryFolder } from "../../testing/temporary-registry-folder.ts";
import { migrate } from "../migrate.ts";
import type { MigrationTarget } from "../migrate-options.ts";
import { createFakeSource } from "../testing/fake-source.ts";
import { createFakeTarget, imageManifest } from "../testing/fake-target.ts";
import type { AuditRecord } from "./audit-record.ts";
import { type Audit, verdict, verify, type VerifyOptions } from "./verify.ts";

/** Image layouts on disk as a target: real blobs, which can be taken away. */
async function layoutTarget(): Promise<MigrationTarget & { readonly folder: string }> {
  const folder = temporaryRegistryFolder();
  const connection: Connection = await connectLayout({ end: "target", registry: folder, environment: {} });
  onTestFinished(() => connection.close());
  return { id: "layout", namespace: "charts", connection, folder };
}

async function push(target: MigrationTarget, source: ChartSource): Promise<void> {
  (await migrate({ source, targets: [target] })).close();
}

interface Told {
  readonly lines: string[];
  readonly records: readonly AuditRecord[];
  readonly verdict: ReturnType<typeof verdict>;
  readonly audit: Omit<Audit, "versions" | "close">;
}

async function audited(target: MigrationTarget, source: ChartSource, more: Partial<VerifyOptions> = {}): Promise<Told> {
  const audit = await verify({ source, targets: [target], ...more });
  const records = [...audit.versions()];
  audit.close();
  const lines = records.map(({ chart, version, state, reason }) => `${chart} ${version}: ${state}${reason === state ? "" : ` ${reason}`}`);
  return { lines, records, verdict: verdict(audit), audit };
}

function blobFile(folder: string, repository: string, digest: Digest): string {
  return join(folder, repository, "blobs", ...digest.split(":"));
}

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

  it("finds a chart broken whose blob is gone, unless it looks at manifests only", async () => {
    const target = await layoutTarget();
    const source = createFakeSource(["web 1.0.0", "web 1.1.0"]);
    await push(target, source);
    const layer = digestOf(Buffer.from("web 1.1.0"));
    rmSync(blobFile(target.folder, "charts/web", layer));
    const whole = await audited(target, source);
    expect(whole.lines).toEqual(["web 1.0.0: same", "web 1.1.0: broken blob-missing"]);
    expect(whole.records[1]?.message).toContain(layer);
    expect(whole.verdict).toBe("drift");
    const quick = await audited(target, source, { quick: true });
    expect([quick.lines, quick.verdict]).toEqual([["web 1.0.0: same", "web 1.1.0: same"], "equal"]);
  });

  it("finds a chart broken whose blob has lost bytes, as far as a length tells it", async () => {
    const target = await layoutTarget();
    const source = createFakeSource(["web 1.0.0", "web 1.1.0"], { signed: new Set(["web 1.1.0"]) });
    await push(target, source);
    const [layer, signature] = ["web 1.0.0", "web 1.1.0 signed"].map((text) => digestOf(Buffer.from(text)));
    for (const [digest, length] of [
      [layer, 0],
      [signature, 3],
    ] as const)
      truncateSync(blobFile(target.folder, "charts/web", digest ?? ""), length);
    const { lines, records, verdict: end } = await audited(target, source);
    expect(lines).toEqual(["web 1.0.0: broken blob-damaged", "web 1.1.0: broken blob-damaged"]);
    expect([records[0]?.message, records[1]?.message]).toEqual([expect.stringContaining(layer!), expect.stringContaining(signature!)]);
    expect(end).toBe("drift");
  });

  it.each([
    ["another chart's", { name: "evil", version: "1.0.0" }, "drifted config-differs"],
    ["another version's", { name: "web", version: "1.0.1" }, "drifted config-differs"],
    ["no chart's at all", ["web", "1.0.0"], "drifted config-differs"],
    ["spelt otherwise, as the archive's may be", { name: "Web", version: "v1.0.0" }, "same"],
  ])("reads the metadata beside the right archive: %s", async (_title, metadata, wanted) => {
    const target = await layoutTarget();
    const source = createFakeSource(["web 1.0.0"]);
    await push(target, source);
    const store = await target.connection.openStore("charts/web");
    const config = bytesContent(Buffer.from(JSON.stringify(metadata)));
    await store.putBlob(config);
    const standing = await store.fetchManifest("1.0.0");
    const manifest = JSON.parse(Buffer.from(standing?.bytes ?? []).toString());
    const bytes = Buffer.from(JSON.stringify({ ...manifest, config: { ...manifest.config, digest: config.digest, size: config.size } }));
    await store.putManifest("1.0.0", { mediaType: manifest.mediaType, digest: digestOf(bytes), bytes });
    expect((await audited(target, source)).lines).toEqual([`web 1.0.0: ${wanted}`]);
    expect((await audited(target, source, { quick: true })).lines).toEqual(["web 1.0.0: same"]);
  });

  it("finds a chart broken whose metadata are gone or damaged", async () => {
    const target = await layoutTarget();
    const source = createFakeSource(["web 1.0.0"]);
    await push(target, source);
    const config = digestOf(Buffer.from('{"name":"web","version":"1.0.0","apiVersion":"v2"}'));
    const file = blobFile(target.folder, "charts/web", config);
    truncateSync(file, 7);
    expect((await audited(target, source)).lines).toEqual(["web 1.0.0: broken blob-damaged"]);
    rmSync(file);
    expect((await audited(target, source)).lines).toEqual(["web 1.0.0: broken blob-missing"]);
  });

  it("takes for extra only what the whole source does not have, whatever was selected", async () => {
    const target = await layoutTarget();
    const names = ["web 1.0.0", "web 2.0.0", "db 1.0.0"];
    await push(target, createFakeSource([...names, "web 3.0.0", "old 1.0.0"]));
    const all = await audited(target, createFakeSource(names));
    expect(all.lines.slice(3)).toEqual(["web 3.0.0: extra extra-tag", "old 1.0.0: extra extra-repository"]);
    const byVersion = await audited(target, createFakeSource(names), { selection: { versionRange: "1.x" } });
    expect(byVersion.lines).toEqual([
      "web 1.0.0: same",
      "db 1.0.0: same",
      "web 3.0.0: extra extra-tag",
      "old 1.0.0: extra extra-repository",
    ]);
    // Who names charts asks about these.
    const byChart = await audited(target, createFakeSource(names), { selection: { charts: ["db"] } });
    expect([byChart.lines, byChart.verdict]).toEqual([["db 1.0.0: same"], "equal"]);
  });

  it("does not take signatures for versions", async () => {
    const target = await layoutTarget();
    const source = createFakeSource(["web 1.0.0"]);
    await push(target, source);
    const store = await target.connection.openStore("charts/web");
    const manifest = await store.fetchManifest("1.0.0");
    if (manifest === undefined) throw new Error("it was not pushed");
    await store.putManifest(`${manifest.digest.replace(":", "-")}.sig`, manifest);
    expect((await audited(target, source)).lines).toEqual(["web 1.0.0: same"]);
  });

  it("cannot tell about a version whose index gives no digest, but that it is there", async () => {
    const target = await layoutTarget();
    await push(target, createFakeSource(["web 1.0.0"]));
    const { lines, verdict: end } = await audited(target, createFakeSource(["web 1.0.0", "web 1.1.0"], { withoutDigests: true }), {
      selection: { versionRange: "1.0.x" },
    });
    expect([lines, end]).toEqual([["web 1.0.0: unverifiable digest-missing"], "doubt"]);
  });

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

  it("is blind where no target answers, and says why", async () => {
    const fake = createFakeTarget();
    fake.failure = new ChartferryError("service unavailable", { code: "unavailable", operation: "list tags", hint: "wait" });
    const target = { id: "t0", namespace: "charts", connection: fake.connection };
    const { lines, verdict: end } = await audited(target, createFakeSource(["web 1.0.0"]));
    expect([lines, end]).toEqual([["web 1.0.0: unchecked unavailable"], "blind"]);
  });

  it("says where a registry does not list its repositories", async () => {
    const target = await layoutTarget();
    await push(target, createFakeSource(["web 1.0.0"]));
    const connection: Connection = {
      ...target.connection,
      // oxlint-disable-next-line require-yield -- it fails before it has anything to give
      async *repositories() {
        throw new ChartferryError("no", { code: "unsupported", operation: "list repositories" });
      },
    };
    const { audit, verdict: end } = await audited({ ...target, connection }, createFakeSource(["web 1.0.0"]));
    expect(audit.run.notes).toEqual([{ code: "extra-repositories-unknown", text: expect.stringContaining("unsupported") }]);
    expect(end).toBe("equal");
  });
});

const failed = (code: "provenance-missing" | "provenance-unavailable"): ChartferryError =>
  new ChartferryError("none", { code, operation: "fetch provenance" });

describe("provenance in an audit", () => {
  const provenance = "signed";
  const signed = digestOf(Buffer.from(provenance));
  const found: SoughtProvenance = { found: true, digest: signed, notes: [] };
  const absent: SoughtProvenance = { found: false, notes: [] };
  const doubtful: SoughtProvenance = { found: false, notes: [{ code: "provenance-doubtful", text: "an HTML page" }] };

  function source(sought: SoughtProvenance | ChartferryError, travels: boolean): ChartSource {
    const plain = createFakeSource(["web 1.0.0"]);
    return {
      ...plain,
      seekProvenance: () => (sought instanceof ChartferryError ? Promise.reject(sought) : Promise.resolve(sought)),
      async open(entry, options) {
        const chart = await plain.open(entry, options);
        const bytes = Buffer.from(provenance);
        const content = {
          digest: signed,
          size: bytes.byteLength,
          bytes,
          async *open() {
            yield bytes;
          },
        };
        return chart.kind === "assemble" && travels ? { ...chart, provenance: content } : chart;
      },
    };
  }

  it.each<[boolean, string, SoughtProvenance | ChartferryError, string]>([
    [true, "the same", found, "same equal"],
    [true, "another", { ...found, digest: digestOf(Buffer.from("signed again")) }, "drifted provenance-differs drift"],
    [true, "none", absent, "drifted provenance-unexpected drift"],
    [true, "a doubtful answer", doubtful, "unverifiable provenance-unavailable doubt"],
    [false, "one", found, "drifted provenance-missing drift"],
    [false, "none", absent, "same equal"],
    [false, "no answer", failed("provenance-unavailable"), "unverifiable provenance-unavailable doubt"],
    [false, "none, though it is required", failed("provenance-missing"), "same equal"],
  ])("standing there: %s, at the source: %s", async (travels, ...given) => {
    const [, sought, wanted] = given;
    const target = await layoutTarget();
    await push(target, source(found, travels));
    const told = await audited(target, source(sought, travels));
    expect([...told.lines, told.verdict].join(" ")).toBe(`web 1.0.0: ${wanted}`);
  });

  it.each<[string, SoughtProvenance | ChartferryError]>([
    ["sign the chart", absent],
    ["sign the chart", failed("provenance-missing")],
    ["--refresh-provenance", found],
    ["sign the chart", failed("provenance-unavailable")],
  ])("is missed where it is required, whatever the source has: %s", async (hint, sought) => {
    const target = await layoutTarget();
    await push(target, source(found, false));
    for (const quick of [false, true]) {
      const told = await audited(target, source(sought, false), { provenance: "require", quick });
      expect([...told.lines, told.verdict]).toEqual(["web 1.0.0: drifted provenance-missing", "drift"]);
      expect(told.records[0]?.hint).toContain(quick ? "sign the chart" : hint);
    }
    await migrate({ source: source(found, true), targets: [target], existing: "overwrite" }).then((report) => report.close());
    expect((await audited(target, source(found, true), { provenance: "require" })).lines).toEqual(["web 1.0.0: same"]);
  });

  it("is not looked for under --quick, nor where it is left out", async () => {
    const target = await layoutTarget();
    await push(target, source(found, false));
    for (const more of [{ quick: true }, { provenance: "skip" }] as const)
      expect((await audited(target, source(found, false), more)).lines).toEqual(["web 1.0.0: same"]);
  });

  it("is broken where its blob is gone", async () => {
    const target = await layoutTarget();
    await push(target, source(found, true));
    rmSync(blobFile(target.folder, "charts/web", signed));
    expect((await audited(target, source(found, true))).lines).toEqual(["web 1.0.0: broken blob-missing"]);
  });
});
