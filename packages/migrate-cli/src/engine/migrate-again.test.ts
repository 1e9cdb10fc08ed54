import { readFileSync, writeFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { isComplete } from "./keep/report.ts";
import { createFakeSource } from "./testing/fake-source.ts";
import { createFakeTarget } from "./testing/fake-target.ts";
import { clear, journalIn, run, told } from "./testing/run-migrate.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

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

  it("leaves the journal of an unchanged repository as it is, what it knows of provenance included", async () => {
    const target = createFakeTarget();
    const journalPath = journalIn(temporaryFolder());
    const signed = new Set(["web 1.0.0"]);
    await run(createFakeSource(names, { signed }), [target], { journalPath });
    const written = readFileSync(journalPath(), "utf8");
    expect(written.match(/"provenance":"sha256:|"provenance":false/g)).toHaveLength(3);
    await run(createFakeSource(names, { signed }), [target], { journalPath });
    expect(readFileSync(journalPath(), "utf8")).toBe(written);
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
    expect(again.sought).toEqual(names);
  });

  it("asks the source for no provenance where it is not to overwrite", async () => {
    const target = createFakeTarget();
    const journalPath = journalIn(temporaryFolder());
    await run(createFakeSource(names), [target], { journalPath });
    const again = createFakeSource(names);
    for (const existing of ["verify", "trust", "fail"] as const) await run(again, [target], { journalPath, existing });
    expect(again.sought).toEqual([]);
  });

  it("makes the target equal to the source under overwrite where the provenance alone has changed, come or gone", async () => {
    const target = createFakeTarget();
    const journalPath = journalIn(temporaryFolder());
    const signed = new Set(["web 1.0.0", "db 1.0.0"]);
    const first = { signed, signatures: {} };
    await run(createFakeSource(names, first), [target], { journalPath });
    const now = createFakeSource(names, {
      signed: new Set(["web 1.0.0", "web 1.1.0"]),
      signatures: { "web 1.0.0": "signed by another key" },
    });
    const fresh = createFakeTarget();
    await run(now, [fresh]);
    expect(told(await run(now, [target], { journalPath, existing: "verify" }))).toEqual(names.map((name) => `${name} skipped unchanged`));
    const report = await run(now, [target], { journalPath, existing: "overwrite" });
    expect(told(report)).toEqual(names.map((name) => `${name} pushed copied`));
    expect(target.tags).toEqual(fresh.tags);
    expect(told(await run(now, [target], { journalPath, existing: "overwrite" }))).toEqual(
      names.map((name) => `${name} skipped unchanged`),
    );
  });

  it("fails under overwrite rather than giving up a provenance where the source no longer tells, with a journal and without", async () => {
    const target = createFakeTarget();
    const journalPath = journalIn(temporaryFolder());
    const name = "web 1.0.0";
    await run(createFakeSource([name], { signed: new Set([name]) }), [target], { journalPath });
    const standing = target.tags.get("charts/web:1.0.0");
    const now = createFakeSource([name], { doubtful: new Set([name]) });
    expect(told(await run(now, [target], { journalPath, existing: "overwrite" }))).toEqual([`${name} failed provenance-unavailable`]);
    expect(told(await run(now, [target], { existing: "overwrite" }))).toEqual([`${name} failed provenance-unavailable`]);
    expect(target.tags.get("charts/web:1.0.0")).toBe(standing);
  });

  it("looks once under overwrite at what a journal remembers without its provenance", async () => {
    const target = createFakeTarget();
    const folder = temporaryFolder();
    const journalPath = journalIn(folder);
    await run(createFakeSource(names), [target], { journalPath });
    const old = readFileSync(journalPath(), "utf8").replaceAll(',"provenance":false', "");
    expect(old).not.toContain("provenance");
    writeFileSync(journalPath(), old);
    const options = { journalPath, existing: "overwrite" } as const;
    expect(told(await run(createFakeSource(names), [target], options))).toEqual(names.map((name) => `${name} skipped identical`));
    expect(told(await run(createFakeSource(names), [target], options))).toEqual(names.map((name) => `${name} skipped unchanged`));
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

  it.each([
    ["verify", "failed conflict"],
    ["overwrite", "pushed copied"],
  ] as const)("remembers nothing of an archive that trust left in place unseen: %s", async (existing, outcome) => {
    const target = createFakeTarget();
    const journalPath = journalIn(temporaryFolder());
    await run(createFakeSource(["web 1.0.0"]), [target], { journalPath });
    const source = createFakeSource(["web 1.0.0"], { replaced: { "web 1.0.0": "another archive" } });
    const standing = target.tags.get("charts/web:1.0.0")!;
    for (const options of [{}, { refreshProvenance: true }, { mapping: { vPrefix: "strip" } }] as const) {
      const trusting = await run(source, [target], { journalPath, existing: "trust", ...options });
      const [record] = trusting.records();
      expect(record).toMatchObject({ status: "skipped", reason: "listed" });
      expect(record).not.toHaveProperty("layerDigest");
      expect([undefined, standing.digest]).toContain(record?.manifestDigest);
    }
    expect(told(await run(source, [target], { journalPath, existing }))).toEqual([`web 1.0.0 ${outcome}`]);
  });

  it.each([
    ["verify", "failed conflict"],
    ["fail", "failed already-exists"],
  ] as const)(
    "remembers nothing under trust of a chart without provenance that has no digest in the source to compare it with: %s",
    async (existing, outcome) => {
      const target = createFakeTarget();
      const journalPath = journalIn(temporaryFolder());
      await run(createFakeSource(["web 1.0.0"]), [target]);
      const source = createFakeSource(["web 1.0.0"], { withoutDigests: true, replaced: { "web 1.0.0": "another archive" } });
      const trusting = await run(source, [target], { journalPath, existing: "trust", refreshProvenance: true });
      expect(told(trusting)).toEqual(["web 1.0.0 skipped listed"]);
      expect(told(await run(source, [target], { journalPath, existing }))).toEqual([`web 1.0.0 ${outcome}`]);
    },
  );

  it.each([
    ["verify", "failed conflict"],
    ["fail", "failed already-exists"],
  ] as const)(
    "remembers nothing of a tag that trust set beside one that it had not seen, where there is no digest to compare it with: %s",
    async (existing, outcome) => {
      const target = createFakeTarget();
      const journalPath = journalIn(temporaryFolder());
      await run(createFakeSource(["web v1.0.0"]), [target]);
      const options = { journalPath, mapping: { vPrefix: "both" } } as const;
      const source = createFakeSource(["web v1.0.0"], { withoutDigests: true, replaced: { "web v1.0.0": "another archive" } });
      const [record] = (await run(source, [target], { ...options, existing: "trust" })).records();
      expect(record).toMatchObject({ status: "pushed", reason: "tagged", manifestDigest: target.tags.get("charts/web:v1.0.0")!.digest });
      expect(record).not.toHaveProperty("layerDigest");
      expect(told(await run(source, [target], { ...options, existing }))).toEqual([`web v1.0.0 ${outcome}`]);
    },
  );

  it("reads what has no digest in the source with a journal as without one, and finds it changed", async () => {
    const target = createFakeTarget();
    const journalPath = journalIn(temporaryFolder());
    const index = { withoutDigests: true };
    await run(createFakeSource(["web 1.0.0"], index), [target], { journalPath });
    for (const options of [{ journalPath }, {}]) {
      const again = createFakeSource(["web 1.0.0"], index);
      const [record] = (await run(again, [target], options)).records();
      expect(record).toMatchObject({ status: "skipped", reason: "identical", layerDigest: expect.stringMatching(/^sha256:/) });
      expect(again.opened).toEqual(["web 1.0.0"]);
    }
    const changed = createFakeSource(["web 1.0.0"], { ...index, replaced: { "web 1.0.0": "another archive" } });
    for (const options of [{ journalPath }, {}]) expect(told(await run(changed, [target], options))).toEqual(["web 1.0.0 failed conflict"]);
    for (const existing of ["trust", "fail"] as const)
      expect(told(await run(changed, [target], { journalPath, existing }))).toEqual([
        `web 1.0.0 skipped ${existing === "trust" ? "listed" : "unchanged"}`,
      ]);
    expect(told(await run(changed, [target], { journalPath, existing: "overwrite" }))).toEqual(["web 1.0.0 pushed copied"]);
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
