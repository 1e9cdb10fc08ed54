import { ChartferryError } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { isComplete } from "./keep/report.ts";
import { audited } from "./testing/audit-target.ts";
import { createFakeSource } from "./testing/fake-source.ts";
import { createFakeTarget, type FakeTarget, imageManifest } from "./testing/fake-target.ts";
import { planned, predictions } from "./testing/foretell.ts";
import { clear, journalIn, run, told } from "./testing/run-migrate.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const both = { mapping: { vPrefix: "both" } } as const;

function digestsOf(target: FakeTarget): Record<string, string> {
  return Object.fromEntries([...target.tags].map(([name, { digest }]) => [name, digest]));
}

describe("a mapped migration", () => {
  it("puts both tags on one manifest, and has nothing to do the second time", async () => {
    const options = { ...both, journalPath: journalIn(temporaryFolder()) };
    const [source, target] = [createFakeSource(["web v1.0.0", "web 2.0.0"]), createFakeTarget()];
    const first = await run(source, [target], options);
    expect([...first.records()]).toMatchObject([{ tag: "1.0.0", tags: ["1.0.0", "v1.0.0"] }, { tag: "2.0.0" }]);
    expect([...first.records()][1]).not.toHaveProperty("tags");
    const digests = digestsOf(target);
    expect(Object.keys(digests).toSorted()).toEqual(["charts/web:1.0.0", "charts/web:2.0.0", "charts/web:v1.0.0"]);
    expect(digests["charts/web:1.0.0"]).toBe(digests["charts/web:v1.0.0"]);
    clear(target);
    expect(told(await run(source, [target], options))).toEqual(["web v1.0.0 skipped unchanged", "web 2.0.0 skipped unchanged"]);
    expect(target.calls).toEqual({ list: 1, resolve: 3, fetchManifest: 0, putManifest: 0, putBlob: 0 });
  });

  it.each(["1.0.0", "v1.0.0"])("sets a tag that is missing (%s) on what stands under the other, without a download", async (gone) => {
    const [source, target] = [createFakeSource(["web v1.0.0"], { created: "2024-02-02T00:00:00Z" }), createFakeTarget()];
    await run(createFakeSource(["web v1.0.0"]), [target], both);
    const before = digestsOf(target);
    target.tags.delete(`charts/web:${gone}`);
    const report = await run(source, [target], both);
    expect(told(report)).toEqual(["web v1.0.0 pushed tagged"]);
    expect(digestsOf(target)).toEqual(before);
    expect([...report.records()][0]?.manifestDigest).toBe(before["charts/web:v1.0.0"]);
    expect(source.opened).toEqual([]);
  });

  it("puts its manifest over no other archive that stands under one of the tags", async () => {
    const options = { ...both, journalPath: journalIn(temporaryFolder()) };
    const [source, target] = [createFakeSource(["web v1.0.0"], { withoutDigests: true }), createFakeTarget()];
    await run(source, [target], options);
    await run(createFakeSource(["web 1.0.0"]), [target], { existing: "overwrite" });
    const before = digestsOf(target);
    expect(told(await run(source, [target], options))).toEqual(["web v1.0.0 failed conflict"]);
    expect(digestsOf(target)).toEqual(before);
  });

  it.each([
    ["another archive", "conflict"],
    ["a container image", "not-a-chart"],
  ])("gives the second tag to nothing that is not the chart, also where trust leaves it: %s", async (what, reason) => {
    const target = createFakeTarget();
    if (what === "a container image") target.tags.set("charts/web:1.0.0", imageManifest());
    else await run(createFakeSource(["web 1.0.0"]), [target]);
    const before = digestsOf(target);
    for (const options of [{ existing: "trust" }, { existing: "trust", refreshProvenance: true }] as const) {
      const report = await run(createFakeSource(["web v1.0.0"]), [target], { ...both, ...options });
      expect(told(report)).toEqual([`web v1.0.0 failed ${reason}`]);
    }
    expect(digestsOf(target)).toEqual(before);
  });

  it("brings the version once more where what stood there went away meanwhile", async () => {
    const [source, target] = [createFakeSource(["web v1.0.0"]), createFakeTarget()];
    await run(createFakeSource(["web v1.0.0"]), [target], both);
    const before = digestsOf(target);
    target.tags.delete("charts/web:1.0.0");
    const vanishing: FakeTarget = {
      ...target,
      connection: {
        ...target.connection,
        openStore: async (repository) => {
          const store = await target.connection.openStore(repository);
          const fetchManifest: typeof store.fetchManifest = async (reference) => {
            if (reference.includes(":")) target.tags.clear();
            return store.fetchManifest(reference);
          };
          return { ...store, fetchManifest };
        },
      },
    };
    expect(told(await run(source, [vanishing], both))).toEqual(["web v1.0.0 pushed copied"]);
    expect(digestsOf(target)).toEqual(before);
  });

  it("refuses both of two entries that map to one tag, and names the other", async () => {
    const target = createFakeTarget();
    const report = await run(createFakeSource(["web v1.0.0+a", "web 1.0.0+a", "web 2.0.0"]), [target], { mapping: { vPrefix: "strip" } });
    expect(told(report)).toEqual(["web v1.0.0+a refused duplicate-tag", "web 1.0.0+a refused duplicate-tag", "web 2.0.0 pushed copied"]);
    expect([...report.records()][0]?.message).toContain("web 1.0.0+a");
    expect([...report.records()][1]?.message).toContain("web v1.0.0+a");
    expect([...target.tags.keys()]).toEqual(["charts/web:2.0.0"]);
    expect(isComplete(report)).toBe(false);
  });

  it("brings a chart whose name no registry takes to another name", async () => {
    const target = createFakeTarget();
    const report = await run(createFakeSource(["Web 1.0.0", "web 2.0.0"]), [target], {
      mapping: { renames: [{ from: "Web", to: "web" }] },
    });
    expect([...target.tags.keys()]).toEqual(["charts/web:1.0.0", "charts/web:2.0.0"]);
    expect([...report.records()][0]).toMatchObject({ chart: "Web", repository: "charts/web", tag: "1.0.0" });
  });

  it("mixes no two charts in one repository: what is given the name of another chart is refused, by the plan and the audit as well", async () => {
    const target = createFakeTarget();
    const source = createFakeSource(["shop 1.0.0", "web 1.0.0", "web 2.0.0"]);
    const mapping = { renames: [{ from: "shop", to: "web" }] };
    const report = await run(source, [target], { mapping });
    expect(told(report)).toEqual(["shop 1.0.0 refused duplicate-name", "web 1.0.0 pushed copied", "web 2.0.0 pushed copied"]);
    const [refused] = report.records();
    expect(refused?.message).toBe("shop is renamed to web, and the source has another chart there: web");
    expect(refused?.hint).toContain("--rename shop=NAME");
    expect([...target.tags.keys()]).toEqual(["charts/web:1.0.0", "charts/web:2.0.0"]);
    expect(isComplete(report)).toBe(false);
    expect(predictions(await planned(source, [target], { mapping }))).toContain("shop 1.0.0: refuse duplicate-name");
    expect(
      (await audited({ id: "t0", namespace: "charts", connection: target.connection }, source, { mapping, quick: true })).lines,
    ).toContain("shop 1.0.0: missing duplicate-name");
  });

  it("says which provenance helm will not match any more, and of no other", async () => {
    const signed = new Set(["web v1.0.0", "web 2.0.0"]);
    const source = createFakeSource(["web v1.0.0", "web v1.5.0", "web 2.0.0"], { signed });
    const report = await run(source, [createFakeTarget()], { mapping: { vPrefix: "strip" } });
    expect([...report.records()].map(({ notes }) => notes.map(({ code }) => code))).toEqual([["provenance-mapped"], [], []]);
  });

  it("does not believe what the journal says of another mapping", async () => {
    const journalPath = journalIn(temporaryFolder());
    const [source, target] = [createFakeSource(["web v1.0.0"]), createFakeTarget()];
    await run(source, [target], { journalPath });
    target.tags.set("charts/web:1.0.0", { mediaType: "text/plain", digest: "sha256:other", bytes: new Uint8Array() });
    expect(told(await run(source, [target], { journalPath, mapping: { vPrefix: "strip" } }))).toEqual(["web v1.0.0 failed not-a-chart"]);
  });

  it("lists only what the selection left out, filter by filter", async () => {
    const report = await run(createFakeSource(["web 1.0.0", "web 2.0.0", "db 1.0.0"]), [createFakeTarget()], {
      selection: { charts: ["web"], latest: 1 },
    });
    expect(report.totals).toMatchObject({ entries: 3, excluded: 2, excludedBy: { chart: 1, latest: 1 } });
    expect(told(report)).toEqual(["web 2.0.0 pushed copied"]);
  });
});

describe("--refresh-provenance", () => {
  const refresh = { refreshProvenance: true } as const;

  it.each(["verify", "trust", "overwrite"] as const)(
    "moves a tag to the manifest that a first push would have made, under %s",
    async (existing) => {
      const signed = new Set<string>();
      const options = { existing, ...refresh, journalPath: journalIn(temporaryFolder()) };
      const [source, target, fresh] = [createFakeSource(["web 1.0.0", "web 1.1.0"], { signed }), createFakeTarget(), createFakeTarget()];
      await run(source, [target], options);
      source.sought.length = 0;
      clear(target);
      signed.add("web 1.0.0");
      const report = await run(source, [target], options);
      expect(told(report)).toEqual(["web 1.0.0 pushed copied", `web 1.1.0 skipped same-chart`]);
      expect(target.calls).toMatchObject({ list: 1, resolve: 0, fetchManifest: 2, putManifest: 1 });
      expect(source.sought).toEqual(["web 1.0.0", "web 1.1.0"]);
      await run(createFakeSource(["web 1.0.0", "web 1.1.0"], { signed }), [fresh]);
      expect(digestsOf(target)).toEqual(digestsOf(fresh));
    },
  );

  it("looks no further where the provenance is there, and not at all unless asked to", async () => {
    const signed = new Set(["web 1.0.0"]);
    const [source, target] = [createFakeSource(["web 1.0.0"], { signed }), createFakeTarget()];
    await run(source, [target]);
    clear(target);
    expect(told(await run(source, [target], refresh))).toEqual(["web 1.0.0 skipped same-chart"]);
    expect(target.calls).toMatchObject({ fetchManifest: 1, putManifest: 0 });
    expect(told(await run(createFakeSource(["web 1.0.0"]), [target]))).toEqual(["web 1.0.0 skipped same-chart"]);
    expect(source.sought).toEqual([]);
  });

  it("asks the source once for all targets", async () => {
    const [source, targets] = [createFakeSource(["web 1.0.0"]), [createFakeTarget("one.test"), createFakeTarget("two.test")]];
    await run(source, targets);
    expect(told(await run(source, targets, refresh))).toEqual(["web 1.0.0 skipped same-chart", "web 1.0.0 skipped same-chart"]);
    expect(source.sought).toEqual(["web 1.0.0"]);
  });

  it("completes a version for which the index has no digest, once its archive is seen to be the same", async () => {
    const signed = new Set<string>();
    const [source, target] = [createFakeSource(["web 1.0.0"], { signed, withoutDigests: true }), createFakeTarget()];
    await run(source, [target]);
    const before = digestsOf(target);
    signed.add("web 1.0.0");
    expect(told(await run(source, [target], refresh))).toEqual(["web 1.0.0 pushed copied"]);
    expect(digestsOf(target)).not.toEqual(before);
    expect(told(await run(source, [target], refresh))).toEqual(["web 1.0.0 skipped identical"]);
  });

  it("touches no other archive", async () => {
    const target = createFakeTarget();
    await run(createFakeSource(["web 1.0.0"]), [target]);
    const before = digestsOf(target);
    const replaced = { "web 1.0.0": "another archive" };
    const source = createFakeSource(["web 1.0.0"], { replaced, signed: new Set(["web 1.0.0"]) });
    expect(told(await run(source, [target], refresh))).toEqual(["web 1.0.0 failed conflict"]);
    expect(told(await run(source, [target], { ...refresh, existing: "trust" }))).toEqual(["web 1.0.0 skipped listed"]);
    const silent = createFakeSource(["web 1.0.0"], { replaced, signed: new Set(["web 1.0.0"]), withoutDigests: true });
    expect(told(await run(silent, [target], refresh))).toEqual(["web 1.0.0 failed conflict"]);
    expect(told(await run(silent, [target], { ...refresh, existing: "trust" }))).toEqual(["web 1.0.0 skipped listed"]);
    expect(source.opened).toEqual([]);
    expect(digestsOf(target)).toEqual(before);
  });

  it("completes every tag of a version", async () => {
    const signed = new Set<string>();
    const [source, target] = [createFakeSource(["web v1.0.0"], { signed }), createFakeTarget()];
    await run(source, [target], both);
    const before = digestsOf(target);
    signed.add("web v1.0.0");
    expect(told(await run(source, [target], { ...both, ...refresh }))).toEqual(["web v1.0.0 pushed copied"]);
    const after = digestsOf(target);
    expect(new Set(Object.values(after)).size).toBe(1);
    expect(after["charts/web:1.0.0"]).not.toBe(before["charts/web:1.0.0"]);
  });

  it("fails a version whose provenance cannot be looked for, and holds that against no target", async () => {
    const target = createFakeTarget();
    const names = Array.from({ length: 30 }, (_, index) => `web 1.${index}.0`);
    await run(createFakeSource(names), [target]);
    const unavailable = new ChartferryError("no answer", { code: "connection-refused", operation: "fetch provenance" });
    const source = { ...createFakeSource(names), seekProvenance: () => Promise.reject(unavailable) };
    const report = await run(source, [target], refresh);
    expect(new Set(told(report).map((line) => line.split(" ").slice(2).join(" ")))).toEqual(new Set(["failed connection-refused"]));
  });

  it("moves no tag for a provenance that is gone by the time the chart comes", async () => {
    const target = createFakeTarget();
    await run(createFakeSource(["web 1.0.0"]), [target]);
    const before = digestsOf(target);
    const later = createFakeSource(["web 1.0.0"], { created: "2024-02-02T00:00:00Z" });
    const source = { ...later, seekProvenance: () => Promise.resolve({ found: true, notes: [] }) };
    expect(told(await run(source, [target], refresh))).toEqual(["web 1.0.0 skipped same-chart"]);
    expect(digestsOf(target)).toEqual(before);
  });
});
