import { ChartferryError, type ChartSource } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { migrate } from "../migrate.ts";
import type { MigrateOptions, MigrationTarget } from "../migrate-options.ts";
import { createFakeSource, type FakeSource } from "../testing/fake-source.ts";
import { createFakeTarget, type FakeTarget, imageManifest } from "../testing/fake-target.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import type { PlannedVersion } from "./group-versions.ts";
import { hasNothingToDo, isBlind, isWhole, plan, type PlanOptions } from "./plan.ts";

type More = Partial<PlanOptions>;

function targetsOf(fakes: readonly FakeTarget[]): MigrationTarget[] {
  return fakes.map(({ connection }, index) => ({ id: `t${index}`, namespace: "charts", connection }));
}

async function planned(source: ChartSource, fakes: readonly FakeTarget[], more: More = {}): Promise<PlannedVersion[]> {
  const made = await plan({ source, targets: targetsOf(fakes), ...more });
  try {
    return [...made.versions()];
  } finally {
    made.close();
  }
}

/** `chart version: decision reason`, as if every pushed version had been decided on. */
function predictions(versions: readonly PlannedVersion[]): string[] {
  return versions.map(({ chart, version, targets, problem }) =>
    [
      `${chart} ${version}:`,
      ...targets.map(({ decision, reason }) => `${decision} ${reason}`),
      ...(problem === undefined ? [] : [`refuse ${problem.reason}`]),
    ].join(" "),
  );
}

const words: Readonly<Record<string, string>> = { pushed: "push", skipped: "skip", failed: "fail", refused: "refuse" };

/** What a migration did, in the plan's words. */
async function happened(source: ChartSource, fakes: readonly FakeTarget[], more: Partial<MigrateOptions>): Promise<string[]> {
  const report = await migrate({ source, targets: targetsOf(fakes), ...more });
  try {
    return [...report.records()].map(
      ({ chart, version, status, reason }) => `${chart} ${version}: ${words[status]} ${reason === "copied" ? "absent" : reason}`,
    );
  } finally {
    report.close();
  }
}

const names = ["web 1.0.0", "web 1.1.0", "web 1.2.0", "web 1.3.0", "web 1.4.0", "!web nonsense", "Web 1.0.0", "web 2.0.0+a", "web 2.0.0_a"];

/** A target with a version as it was pushed and recorded, one as it was pushed by others, another archive, and an image. */
async function mixedTarget(journalPath: () => string): Promise<FakeTarget> {
  const target = createFakeTarget();
  await happened(createFakeSource(["web 1.0.0"]), [target], { journalPath });
  await happened(createFakeSource(["web 1.1.0"]), [target], {});
  await happened(createFakeSource(["web 1.2.0"], { replaced: { "web 1.2.0": "other bytes" } }), [target], {});
  target.tags.set("charts/web:1.3.0", imageManifest());
  return target;
}

function writesOf({ calls }: FakeTarget): number {
  return calls.putManifest + calls.putBlob;
}

describe("a plan", () => {
  it.each([
    ["verify", ["skip unchanged", "skip same-chart", "fail conflict", "fail not-a-chart"]],
    ["trust", ["skip listed", "skip listed", "skip listed", "skip listed"]],
    ["fail", ["skip unchanged", "fail already-exists", "fail already-exists", "fail already-exists"]],
  ] as const)("says of every version what a migration under --existing %s then does", async (existing, standing) => {
    const folder = temporaryFolder();
    const journalPath = (): string => `${folder}/journal.jsonl`;
    const target = await mixedTarget(journalPath);
    const before = writesOf(target);
    const source = createFakeSource(names);
    const foreseen = predictions(await planned(source, [target], { existing, journalPath }));
    expect(foreseen).toEqual([
      ...standing.map((decided, minor) => `web 1.${minor}.0: ${decided}`),
      "web 1.4.0: push absent",
      "web nonsense: refuse entry-invalid",
      "Web 1.0.0: refuse name-invalid",
      "web 2.0.0+a: push absent",
      "web 2.0.0_a: refuse duplicate-tag",
    ]);
    expect(source.opened).toEqual([]);
    expect(writesOf(target)).toBe(before);
    expect(foreseen).toEqual(await happened(createFakeSource(names), [target], { existing, journalPath }));
  });

  it("leaves to the opened chart what no index tells, and says with --deep what a migration then does", async () => {
    const target = await mixedTarget(() => `${temporaryFolder()}/journal.jsonl`);
    const some = names.slice(0, 5);
    const index = { withoutDigests: true };
    expect(predictions(await planned(createFakeSource(some, index), [target]))).toEqual([
      "web 1.0.0: compare undecided",
      "web 1.1.0: compare undecided",
      "web 1.2.0: compare undecided",
      "web 1.3.0: fail not-a-chart",
      "web 1.4.0: push absent",
    ]);
    const before = writesOf(target);
    const deep = predictions(await planned(createFakeSource(some, index), [target], { deep: true }));
    expect(writesOf(target)).toBe(before);
    expect(deep).toEqual([
      "web 1.0.0: skip identical",
      "web 1.1.0: skip identical",
      "web 1.2.0: fail conflict",
      "web 1.3.0: fail not-a-chart",
      "web 1.4.0: push copied",
    ]);
    expect(deep.map((line) => line.replace("copied", "absent"))).toEqual(await happened(createFakeSource(some, index), [target], {}));
  });

  it("knows beforehand which charts --existing overwrite replaces, but for those that may be the same to the byte", async () => {
    const folder = temporaryFolder();
    const journalPath = (): string => `${folder}/journal.jsonl`;
    const target = await mixedTarget(journalPath);
    const some = names.slice(0, 5);
    const options = { existing: "overwrite", journalPath } as const;
    expect(predictions(await planned(createFakeSource(some), [target], options))).toEqual([
      "web 1.0.0: skip unchanged",
      "web 1.1.0: compare undecided",
      "web 1.2.0: push overwrite",
      "web 1.3.0: fail not-a-chart",
      "web 1.4.0: push absent",
    ]);
    const deep = predictions(await planned(createFakeSource(some), [target], { ...options, deep: true }));
    expect(deep[1]).toBe("web 1.1.0: skip identical");
    expect(deep.map((line) => line.replace("copied", "absent"))).toEqual(await happened(createFakeSource(some), [target], options));
  });

  it("lists each repository once at each target, and asks no more than a migration that finds everything there", async () => {
    const versions = Array.from({ length: 40 }, (_, minor) => `web 1.${minor}.0`);
    const [first, second] = [createFakeTarget("one.test"), createFakeTarget("two.test")];
    await planned(createFakeSource([...versions, "db 1.0.0"]), [first, second]);
    for (const { calls } of [first, second]) expect(calls).toEqual({ list: 2, resolve: 0, fetchManifest: 0, putManifest: 0, putBlob: 0 });
  });

  it("leaves a journal as it is, and needs none", async () => {
    const path = `${temporaryFolder()}/none/journal.jsonl`;
    const made = await plan({ source: createFakeSource(["web 1.0.0"]), targets: targetsOf([createFakeTarget()]), journalPath: () => path });
    made.close();
    const { existsSync } = await import("node:fs");
    expect(existsSync(path)).toBe(false);
  });

  it("tells one version at several targets in one record, and counts each target's own", async () => {
    const [empty, full] = [createFakeTarget("one.test"), createFakeTarget("two.test")];
    await happened(createFakeSource(["web 1.0.0"]), [full], {});
    const made = await plan({ source: createFakeSource(["web 1.0.0", "!web bad"]), targets: targetsOf([empty, full]) });
    expect(predictions([...made.versions()])).toEqual(["web 1.0.0: push absent skip same-chart", "web bad: refuse entry-invalid"]);
    expect(made.totals.targets).toMatchObject({ t0: { push: 1, skip: 0 }, t1: { push: 0, skip: 1 } });
    expect([hasNothingToDo(made), isWhole(made)]).toEqual([false, true]);
    made.close();
  });

  it("counts a warning once a version, whichever targets it comes from", async () => {
    const [empty, full] = [createFakeTarget("one.test"), createFakeTarget("two.test")];
    await happened(createFakeSource(["web v1.0.0"]), [full], {});
    const gone = { code: "host-gone", text: "its host is gone" };
    const source = { ...createFakeSource(["web v1.0.0", "web 1.1.0"]), foresee: () => Promise.resolve({ notes: [gone] }) };
    const made = await plan({ source, targets: targetsOf([full, empty]) });
    made.close();
    expect(made.totals.warnings).toEqual({ "leading-v": 1, "host-gone": 2 });
  });

  it("says so where a target cannot be asked, and plans for the others", async () => {
    const [dead, alive] = [createFakeTarget("dead.test"), createFakeTarget("alive.test")];
    dead.failure = new ChartferryError("connection refused", { code: "connection-refused", operation: "list tags" });
    const versions = Array.from({ length: 20 }, (_, minor) => `web 1.${minor}.0`);
    const made = await plan({ source: createFakeSource(versions), targets: targetsOf([dead, alive]) });
    expect(made.totals.targets).toMatchObject({ t0: { unknown: 20 }, t1: { push: 20, unknown: 0 } });
    expect([isWhole(made), isBlind(made)]).toEqual([false, false]);
    made.close();
    const blind = await plan({ source: createFakeSource(versions), targets: targetsOf([dead]) });
    expect(isBlind(blind)).toBe(true);
    blind.close();
  });

  it("has nothing to do only where everything is at every target", async () => {
    const target = createFakeTarget();
    await happened(createFakeSource(["web 1.0.0"]), [target], {});
    for (const [some, nothing] of [
      [["web 1.0.0"], true],
      [["web 1.0.0", "web 1.1.0"], false],
      [["web 1.0.0", "!web bad"], false],
      [["web 1.0.0", "Web 1.0.0"], false],
    ] as const) {
      const made = await plan({ source: createFakeSource(some), targets: targetsOf([target]) });
      expect([some, hasNothingToDo(made)]).toEqual([some, nothing]);
      made.close();
    }
  });

  it("tells once a repository what its first push will do", async () => {
    const target = createFakeTarget();
    const newRepository = {
      code: "repository-becomes-public",
      text: "the first push creates a public repository",
      hint: "create it first",
    };
    const connection = { ...target.connection, newRepository };
    await happened(createFakeSource(["db 1.0.0"]), [target], {});
    const versions = await planned(createFakeSource(["web 1.0.0", "web 1.1.0", "db 1.0.0", "db 1.1.0"]), [{ ...target, connection }]);
    expect(versions.filter(({ warnings }) => warnings.length > 0).map(({ chart, warnings }) => [chart, warnings])).toEqual([
      ["web", [newRepository]],
    ]);
  });

  it("keeps the warnings of a version that would fail", async () => {
    const target = createFakeTarget();
    target.tags.set("charts/web:v1.0.0", imageManifest());
    const [version] = await planned(createFakeSource(["web v1.0.0"]), [target]);
    expect(version).toMatchObject({
      targets: [{ decision: "fail" }],
      warnings: [{ code: "leading-v", hint: expect.stringContaining("--v-prefix") }],
    });
  });

  it("opens every chart with --deep, what is there already included, and tells what the source cannot give", async () => {
    const target = createFakeTarget();
    await happened(createFakeSource(["web 1.0.0", "web 1.1.0"]), [target], {});
    const gone = new ChartferryError("it is gone", { code: "source-missing", operation: "fetch chart" });
    const source: FakeSource = createFakeSource(["web 1.0.0", "web 1.1.0", "web 1.2.0", "web 1.3.0"], {
      broken: { "web 1.1.0": gone, "web 1.3.0": gone },
    });
    const versions = await planned(source, [target], { deep: true });
    expect(source.opened.toSorted()).toEqual(["web 1.0.0", "web 1.1.0", "web 1.2.0", "web 1.3.0"]);
    expect(source.held()).toBe(0);
    expect(predictions(versions)).toEqual([
      "web 1.0.0: skip same-chart",
      "web 1.1.0: skip same-chart",
      "web 1.2.0: push copied",
      "web 1.3.0: fail source-missing",
    ]);
    expect(versions[1]?.warnings).toEqual([
      expect.objectContaining({ code: "source-cannot-give-it", text: "it is gone [source-missing]" }),
    ]);
    expect([...target.tags.keys()]).toEqual(["charts/web:1.0.0", "charts/web:1.1.0"]);
  });

  it("takes the source at its word where it already says that it will not give a chart", async () => {
    const source = createFakeSource(["web 1.0.0"]);
    const fault = new ChartferryError("no digest", { code: "digest-missing", operation: "fetch chart", hint: "allow it" });
    const versions = await planned({ ...source, foresee: () => Promise.resolve({ fault, notes: [] }) }, [createFakeTarget()]);
    expect(versions[0]?.targets).toEqual([
      {
        target: "t0",
        repository: "charts/web",
        tag: "1.0.0",
        decision: "fail",
        reason: "digest-missing",
        message: "no digest",
        hint: "allow it",
      },
    ]);
  });
});
