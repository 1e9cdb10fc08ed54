import { chartInManifest, type ChartSource } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import type { MigrateOptions } from "./migrate-options.ts";
import { plan } from "./plan/plan.ts";
import { createFakeSource } from "./testing/fake-source.ts";
import { createFakeTarget, type FakeTarget } from "./testing/fake-target.ts";
import { targetsOf } from "./testing/foretell.ts";
import { clear, journalIn, run, told } from "./testing/run-migrate.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const names = ["web 1.0.0", "web 1.1.0"];
const required = { requireProvenance: true } as const;

async function planned(source: ChartSource, target: FakeTarget, options: Partial<MigrateOptions>): Promise<string[]> {
  const made = await plan({ source, targets: [{ id: "t0", connection: target.connection, namespace: "charts" }], ...options });
  const lines = [...made.versions()].flatMap(({ chart, version, targets }) =>
    targets.map(({ decision, reason }) => `${chart} ${version} ${decision} ${reason}`),
  );
  made.close();
  return lines;
}

function isSigned(target: FakeTarget, name: string): boolean {
  const manifest = target.tags.get(name);
  return manifest !== undefined && chartInManifest(manifest)?.provenance !== undefined;
}

describe("a run that requires provenance", () => {
  it.each(["with a journal", "without one"])(
    "fails what stands unsigned, %s, and completes what the source has signed since",
    async (how) => {
      const target = createFakeTarget();
      const journal = how === "without one" ? {} : { journalPath: journalIn(temporaryFolder()) };
      await run(createFakeSource(names), [target], journal);
      const signed = new Set<string>();
      const source = createFakeSource(names, { signed });
      const outcome = ["web 1.0.0 failed provenance-missing", "web 1.1.0 failed provenance-missing"];
      expect(await planned(source, target, { ...journal, ...required })).toEqual(outcome.map((line) => line.replace("failed", "fail")));
      expect(told(await run(source, [target], { ...journal, ...required }))).toEqual(outcome);
      signed.add("web 1.1.0");
      expect(await planned(source, target, { ...journal, ...required })).toEqual([
        "web 1.0.0 fail provenance-missing",
        "web 1.1.0 push without-provenance",
      ]);
      expect(told(await run(source, [target], { ...journal, ...required }))).toEqual([outcome[0], "web 1.1.0 pushed copied"]);
      expect([isSigned(target, "charts/web:1.0.0"), isSigned(target, "charts/web:1.1.0")]).toEqual([false, true]);
    },
  );

  it("is foretold for an empty place too, without downloading a chart, and asked for once for all targets", async () => {
    const source = createFakeSource(names, { signed: new Set(["web 1.1.0"]) });
    const foretold = ["web 1.0.0 fail provenance-missing", "web 1.1.0 push absent"];
    expect(await planned(source, createFakeTarget(), required)).toEqual(foretold);
    expect([source.sought, source.opened]).toEqual([names, []]);
    const made = await plan({ source, targets: targetsOf([createFakeTarget(), createFakeTarget()]), ...required });
    made.close();
    expect(source.sought).toHaveLength(2 * names.length);
    // A source that keeps its provenance within the package tells it only when that is opened.
    const closed: ChartSource = {
      id: source.id,
      versions: () => source.versions(),
      open: (entry) => source.open(entry),
      close: () => source.close(),
    };
    expect(await planned(closed, createFakeTarget(), required)).toEqual(names.map((name) => `${name} push absent`));
    expect(await planned(source, createFakeTarget(), {})).toEqual(names.map((name) => `${name} push absent`));
  });

  it("costs what every run costs where the journal remembers the provenance", async () => {
    const target = createFakeTarget();
    const journalPath = journalIn(temporaryFolder());
    const signed = new Set(names);
    // What stands there already is learnt of when it is compared.
    await run(createFakeSource(names, { signed }), [target]);
    await run(createFakeSource(names, { signed }), [target], { journalPath });
    clear(target);
    const source = createFakeSource(names, { signed });
    for (const existing of ["verify", "trust"] as const) {
      const report = await run(source, [target], { journalPath, existing, ...required });
      expect(told(report)).toEqual(names.map((name) => `${name} skipped unchanged`));
    }
    expect(target.calls).toMatchObject({ list: 2, resolve: 4, fetchManifest: 0, putManifest: 0 });
    expect([source.sought, source.opened]).toEqual([[], []]);
  });

  it("does not take the journal's word for a tag that has been moved to an unsigned manifest", async () => {
    const target = createFakeTarget();
    const journalPath = journalIn(temporaryFolder());
    await run(createFakeSource(["web 1.0.0"]), [target]);
    const unsigned = target.tags.get("charts/web:1.0.0")!;
    const source = createFakeSource(["web 1.0.0"], { signed: new Set(["web 1.0.0"]) });
    await run(source, [target], { journalPath, refreshProvenance: true });
    target.tags.set("charts/web:1.0.0", unsigned);
    expect(told(await run(source, [target], { journalPath }))).toEqual(["web 1.0.0 skipped same-chart"]);
    expect(told(await run(source, [target], { journalPath, ...required }))).toEqual(["web 1.0.0 pushed copied"]);
    expect(isSigned(target, "charts/web:1.0.0")).toBe(true);
  });
});
