import { ChartferryError } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { createFakeSource } from "../testing/fake-source.ts";
import { createFakeTarget, imageManifest } from "../testing/fake-target.ts";
import { happened, mixedTarget, names, planned, predictions, targetsOf, writesOf } from "../testing/foretell.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { hasNothingToDo, isBlind, isWhole, plan } from "./plan.ts";

const refuse = (): Promise<never> => Promise.reject(new ChartferryError("not for you", { code: "denied-or-missing", operation: "look" }));

/** What a plan says of one chart for a target that lets nobody look, and the codes of its warnings. */
async function decidedUnseen(hidesMissing: boolean): Promise<unknown[]> {
  const target = createFakeTarget();
  const newRepository = { code: "repository-unseen", text: "perhaps it is not there" };
  const openStore = async (repository: string) => ({
    ...(await target.connection.openStore(repository)),
    resolve: refuse,
    fetchManifest: refuse,
    tags: async function* tags() {
      yield await refuse();
    },
  });
  const connection = { ...target.connection, newRepository, hidesMissing, openStore };
  const [web] = await planned(createFakeSource(["web 1.0.0"]), [{ ...target, connection }]);
  return [web?.targets.map(({ decision }) => decision), web?.warnings.map(({ code }) => code)];
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

  it("takes a repository that is refused for a new one where the registry hides what is not there, and says so", async () => {
    expect(await decidedUnseen(true)).toEqual([["push"], ["repository-unseen"]]);
    expect(await decidedUnseen(false)).toEqual([["unknown"], []]);
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
