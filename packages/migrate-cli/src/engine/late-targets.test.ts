import { ChartferryError, type Connection } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { migrate } from "./migrate.ts";
import type { MigrateEvent, MigrateOptions, MigrationTarget } from "./migrate-options.ts";
import type { Report } from "./keep/report.ts";
import type { RunFigures } from "./keep/run-figures.ts";
import { plan } from "./plan/plan.ts";
import { createFakeSource } from "./testing/fake-source.ts";
import { createFakeTarget, type FakeTarget } from "./testing/fake-target.ts";
import { told } from "./testing/run-migrate.ts";
import { verify } from "./verify/verify.ts";

const names = Array.from({ length: 600 }, (_, index) => `web 1.0.${index}`);
const silence = new ChartferryError("silent.test does not answer", { code: "timeout", operation: "look at registry", hint: "look at it" });

interface Late {
  readonly target: MigrationTarget;
  readonly open: () => void;
  readonly fail: (error?: Error) => void;
}

function lateTarget(connection: Connection): Late {
  let [open, fail]: [Late["open"], Late["fail"]] = [() => {}, () => {}];
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = (error = silence) => reject(error);
  });
  return { target: { id: "late", namespace: "charts", connection, opened }, open, fail };
}

function healthy(fakes: readonly FakeTarget[]): MigrationTarget[] {
  return fakes.map(({ connection }, index) => ({ id: `t${index}`, namespace: "charts", connection }));
}

/** Runs `then` as soon as each of the healthy targets has so many outcomes. */
function whenDone(count: number, then: () => void): (event: MigrateEvent) => void {
  let left = 2 * count;
  return (event) => {
    if (event.type === "version" && event.record.target !== "late" && --left === 0) then();
  };
}

function byTarget(report: Report, target: string): Set<string> {
  return new Set([...report.records()].filter((record) => record.target === target).map(({ status, reason }) => `${status} ${reason}`));
}

describe("a target that is still being connected to while the others are served", () => {
  it("is waited for by nobody; where it cannot be reached, none of its versions is tried, and each says why", async () => {
    const fakes = [createFakeTarget("a.test"), createFakeTarget("b.test")];
    const silent = createFakeTarget("silent.test");
    const late = lateTarget(silent.connection);
    const stopped: unknown[] = [];
    const atTheEnd: string[] = [];
    let figures: (() => RunFigures) | undefined;
    const done = whenDone(600, () => {
      atTheEnd.push(...(figures?.().connecting ?? []));
      late.fail();
    });
    const report = await migrate({
      source: createFakeSource(names),
      targets: [late.target, ...healthy(fakes)],
      onEvent: (event) => {
        if (event.type === "started") figures = event.figures;
        if (event.type === "target-stopped") stopped.push([event.target, event.error]);
        done(event);
      },
    });
    expect(fakes.map(({ tags }) => tags.size)).toEqual([600, 600]);
    expect(atTheEnd).toEqual(["late"]);
    expect([figures?.().connecting, stopped]).toEqual([[], [["late", silence]]]);
    expect(byTarget(report, "late")).toEqual(new Set(["not-attempted timeout"]));
    expect(report.totals.targets["late"]).toMatchObject({ failed: 0, "not-attempted": 600 });
    expect([...report.records()][0]).toMatchObject({ target: "late", message: silence.message, hint: silence.hint, attempts: 0 });
    expect(silent.calls).toMatchObject({ list: 0, putManifest: 0 });
  });

  it("gets all that waited for it once it is open, of what was downloaded for the others", async () => {
    const fakes = [createFakeTarget("a.test"), createFakeTarget("b.test")];
    const slow = createFakeTarget("slow.test");
    const late = lateTarget(slow.connection);
    const source = createFakeSource(names);
    const report = await migrate({ source, targets: [late.target, ...healthy(fakes)], onEvent: whenDone(600, late.open) });
    expect([slow.tags.size, report.totals.downloads]).toMatchObject([600, { charts: 600, reopened: 0 }]);
    expect([source.opened.length, source.held()]).toEqual([600, 0]);
  });

  it("refuses by its own rules for names as soon as they are known", async () => {
    let rules: ReturnType<Connection["nameProblems"]> = [];
    const fake = createFakeTarget();
    const late = lateTarget({ ...fake.connection, nameProblems: () => rules });
    const options = { source: createFakeSource(["web 1.0.0"]), targets: [late.target] };
    const report = await migrate({
      ...options,
      onEvent: (event) => {
        if (event.type !== "crawled") return;
        rules = [{ text: "it takes no third element", hint: "another namespace" }];
        late.open();
      },
    });
    expect(told(report)).toEqual(["web 1.0.0 refused name-invalid"]);
    expect([...report.records()][0]).toMatchObject({ message: "it takes no third element", hint: "another namespace" });
    expect(fake.calls.list).toBe(0);
  });

  it("holds up no end of an interrupted run", async () => {
    const fakes = [createFakeTarget("a.test"), createFakeTarget("b.test")];
    const late = lateTarget(createFakeTarget().connection);
    const interrupt = new AbortController();
    const stopped: unknown[] = [];
    const done = whenDone(600, () => interrupt.abort());
    const report = await migrate({
      source: createFakeSource(names),
      targets: [late.target, ...healthy(fakes)],
      interrupt: interrupt.signal,
      onEvent: (event) => {
        if (event.type === "target-stopped") stopped.push(event);
        done(event);
      },
    });
    expect(report.run.end).toBe("interrupted");
    expect(byTarget(report, "late")).toEqual(new Set(["not-attempted interrupted"]));
    expect([byTarget(report, "t0"), stopped]).toEqual([new Set(["pushed copied"]), []]);
  });

  it("ends the run with a fault that is not the target's", async () => {
    const late = lateTarget(createFakeTarget().connection);
    const running = migrate({ source: createFakeSource(names), targets: [late.target] });
    late.fail(new TypeError("a mistake of ours"));
    await expect(running).rejects.toThrow("a mistake of ours");
  });
});

async function brought(): Promise<{ readonly fakes: FakeTarget[]; readonly late: Late; readonly asked: string[] }> {
  const fakes = [createFakeTarget("a.test"), createFakeTarget("b.test")];
  (await migrate({ source: createFakeSource(names), targets: healthy(fakes) })).close();
  const asked: string[] = [];
  const silent: Connection = {
    ...createFakeTarget("silent.test").connection,
    async openStore(repository) {
      asked.push(repository);
      throw silence;
    },
    async *repositories() {
      asked.push("catalogue");
      yield await Promise.reject(silence);
    },
  };
  return { fakes, late: lateTarget(silent), asked };
}

function beside(late: Late, fakes: readonly FakeTarget[]): MigrateOptions {
  return {
    source: createFakeSource(names),
    targets: [late.target, ...healthy(fakes)],
    onEvent: whenDone(600, late.fail),
  };
}

describe("plan and verify of two targets beside one that cannot be reached", () => {
  it("plans for those two, and says of the third that it could not be asked", async () => {
    const { fakes, late } = await brought();
    const made = await plan(beside(late, fakes));
    expect(made.totals.targets).toMatchObject({ late: { unknown: 600, push: 0 }, t0: { push: 0, skip: 600 }, t1: { push: 0, skip: 600 } });
    expect([...made.versions()][0]?.targets[0]).toMatchObject({ decision: "unknown", reason: "timeout", message: silence.message });
    made.close();
  });

  it("compares those two, and asks the third for nothing, its catalogue included", async () => {
    const { fakes, late, asked } = await brought();
    const audit = await verify(beside(late, fakes));
    expect(audit.totals.targets["late"]).toMatchObject({ unchecked: 600 });
    expect(audit.run.notes).toEqual([
      {
        code: "extra-repositories-unknown",
        text: "late was not asked which other repositories it has (timeout): what they hold is not known",
      },
    ]);
    expect(asked).toEqual([]);
    audit.close();
  });

  it("does not ask one for its catalogue that fell silent with its last version, but one that only denied", async () => {
    const { late, asked } = await brought();
    late.open();
    const few = { source: createFakeSource(["web 1.0.0", "web 1.0.1"]), targets: [late.target] };
    (await verify(few)).close();
    expect(new Set(asked)).toEqual(new Set(["charts/web"]));
    const denying = createFakeTarget();
    denying.failure = new ChartferryError("no", { code: "denied", operation: "fetch manifest" });
    async function* repositories(prefix: string): AsyncGenerator<string> {
      asked.push(prefix);
      yield* [];
    }
    const targets = [{ id: "t0", namespace: "denied", connection: { ...denying.connection, repositories } }];
    (await verify({ ...few, targets })).close();
    expect(asked).toContain("denied");
  });
});
