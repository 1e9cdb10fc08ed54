import { describe, expect, it } from "vitest";

import { createFakeSource } from "./testing/fake-source.ts";
import { createFakeTarget } from "./testing/fake-target.ts";
import { run, told } from "./testing/run-migrate.ts";

/** Time that stands still: whoever sleeps is woken by a signal only. */
const stillClock = {
  now: () => 0,
  sleep: (_ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(new Error("woken")))),
};

describe("an interruption", () => {
  it("ends the reading of the index at once: nothing of it would be begun", async () => {
    const interrupt = new AbortController();
    const source = createFakeSource([]);
    const hanging = {
      ...source,
      async *versions({ signal }: { readonly signal?: AbortSignal | undefined } = {}) {
        setImmediate(() => interrupt.abort());
        await new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(new Error("interrupted"))));
        yield* source.versions();
      },
    };
    const report = await run(hanging, [createFakeTarget()], { interrupt: interrupt.signal, clock: stillClock });
    expect(report.run.end).toBe("interrupted");
    expect(report.totals.entries).toBe(0);
  });

  it("that came before the run lets it begin nothing, and says nothing of a selection that nobody applied", async () => {
    for (const how of ["interrupt", "signal"] as const) {
      const source = createFakeSource(["web 1.0.0"]);
      const notes: unknown[] = [];
      const report = await run(source, [createFakeTarget()], {
        [how]: AbortSignal.abort(),
        clock: stillClock,
        selection: { charts: ["no-such-chart"] },
        onEvent: (event) => event.type === "note" && notes.push(event),
      });
      expect({ end: report.run.end, opened: source.opened, notes, inReport: report.run.notes }).toEqual({
        end: "interrupted",
        opened: [],
        notes: [],
        inReport: [],
      });
    }
  });

  it("says nothing of a selection when it comes before the end of the source", async () => {
    const interrupt = new AbortController();
    const notes: unknown[] = [];
    const names = function* (): Generator<string> {
      yield "web 1.0.0";
      interrupt.abort();
      yield "db 1.0.0";
    };
    const report = await run(createFakeSource(names()), [createFakeTarget()], {
      interrupt: interrupt.signal,
      clock: stillClock,
      selection: { charts: ["db"] },
      onEvent: (event) => event.type === "note" && notes.push(event),
    });
    expect({ notes, inReport: report.run.notes, entries: report.totals.entries }).toEqual({ notes: [], inReport: [], entries: 1 });
  });

  it("lets what is in flight end, and begins nothing new", async () => {
    const interrupt = new AbortController();
    const target = createFakeTarget();
    target.beforePut = async () => {
      interrupt.abort();
      await new Promise((settle) => setImmediate(settle));
    };
    const names = ["web 1.0.0", "web 1.0.1", "web 1.0.2"];
    const report = await run(createFakeSource(names), [target], { interrupt: interrupt.signal, clock: stillClock, concurrency: 1 });
    expect(told(report)).toEqual(["web 1.0.0 pushed copied", "web 1.0.1 not-attempted interrupted", "web 1.0.2 not-attempted interrupted"]);
  });

  it("ends what is in flight after the grace that it gets, and at once when it comes twice", async () => {
    for (const ended of ["grace", "twice"] as const) {
      const [interrupt, signal] = [new AbortController(), new AbortController()];
      const graces: number[] = [];
      const clock = {
        now: () => 0,
        sleep: async (ms: number, woken?: AbortSignal) => {
          graces.push(ms);
          if (ended === "grace") return;
          signal.abort();
          await stillClock.sleep(ms, woken);
        },
      };
      const source = createFakeSource(["web 1.0.0"]);
      const hanging = {
        ...source,
        open: (...[, options]: Parameters<typeof source.open>): ReturnType<typeof source.open> => {
          setImmediate(() => interrupt.abort());
          return new Promise((_resolve, reject) => options?.signal?.addEventListener("abort", () => reject(new Error("cut off"))));
        },
      };
      const report = await run(hanging, [createFakeTarget()], {
        interrupt: interrupt.signal,
        signal: signal.signal,
        clock,
      });
      expect({ told: told(report), graces }).toEqual({ told: ["web 1.0.0 not-attempted interrupted"], graces: [30_000] });
    }
  });
});
