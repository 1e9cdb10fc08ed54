import { rmSync, statSync, truncateSync } from "node:fs";

import { bytesContent, digestOf } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { migrate } from "../migrate.ts";
import { plan } from "../plan/plan.ts";
import { audited, blobFile, layoutTarget, push } from "../testing/audit-target.ts";
import { createFakeSource } from "../testing/fake-source.ts";

describe("an audit of blobs", () => {
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

  it("is what a plan that opens charts says it would repair, and what a migration repairs then", async () => {
    const target = await layoutTarget();
    const source = createFakeSource(["web 1.0.0", "web 1.1.0"]);
    await push(target, source);
    const file = blobFile(target.folder, "charts/web", digestOf(Buffer.from("web 1.1.0")));
    truncateSync(file, 0);
    const options = { source, targets: [target], existing: "overwrite" } as const;
    const made = await plan({ ...options, deep: true });
    const planned = [...made.versions()].map(({ version, targets: [at] }) => `${version} ${at?.decision} ${at?.reason}`);
    made.close();
    expect([planned, statSync(file).size]).toEqual([["1.0.0 skip identical", "1.1.0 push repaired"], 0]);
    const report = await migrate(options);
    expect([...report.records()].map(({ status, reason }) => `${status} ${reason}`)).toEqual(["skipped identical", "pushed repaired"]);
    report.close();
    expect((await audited(target, source)).lines).toEqual(["web 1.0.0: same", "web 1.1.0: same"]);
  });
});
