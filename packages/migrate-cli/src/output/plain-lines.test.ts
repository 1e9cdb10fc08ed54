import { expect, it } from "vitest";

import type { WaitingEvent } from "./progress-view.ts";
import type { RunFigures } from "../engine/keep/run-figures.ts";
import { createFakeTerminal } from "../testing/fake-terminal.ts";
import { createFakeTime, type FakeTime, figuresWith } from "../testing/fake-progress.ts";
import { createProgress } from "./progress.ts";
import type { ProgressView } from "./progress-view.ts";

const target = "oci://registry.test/charts";
const waiting: WaitingEvent = {
  type: "waiting",
  end: "target",
  target,
  host: "registry.test",
  milliseconds: 30_000,
  reason: "registry.test answers 429 and asks to wait 30 s",
};

interface Shown extends FakeTime {
  readonly progress: ProgressView;
  /** What was written since the last call. */
  readonly lines: () => string[];
  figures: RunFigures;
}

function begin(logFormat: "text" | "json" = "text"): Shown {
  const terminal = createFakeTerminal();
  const time = createFakeTime();
  const progress = createProgress({ ...time, terminal, targets: [target], logFormat });
  let read = 0;
  const lines = (): string[] => {
    const fresh = terminal.stderr().slice(read);
    read += fresh.length;
    return fresh.split("\n").filter((line) => line !== "");
  };
  return { ...time, progress, lines, figures: figuresWith([target]) };
}

function started(shown: Shown): Shown {
  shown.progress.event({ type: "started", figures: () => shown.figures });
  return shown;
}

it("prints the figures every five seconds while they move, without any event", () => {
  const shown = started(begin());
  shown.figures = figuresWith([target], { entries: 40, pushed: 3, inFlight: 16 });
  shown.pass(4999);
  expect(shown.lines()).toEqual([]);
  shown.pass(1);
  expect(shown.lines()).toEqual([`${target}: 3 pushed, 0 already there, 0 failed, 0 refused of 40 seen; 16 in flight`]);
  shown.figures = figuresWith([target], { entries: 40, pushed: 9 });
  shown.pass(5000);
  expect(shown.lines()).toEqual([`${target}: 9 pushed, 0 already there, 0 failed, 0 refused of 40 seen`]);
});

it("goes on ever more seldom while nothing moves: a hanging server is no silence and no flood", () => {
  const shown = started(begin());
  shown.figures = figuresWith([target], { entries: 40, inFlight: 16 });
  shown.pass(60_000);
  expect(shown.lines()).toHaveLength(4);
  shown.pass(540_000);
  expect(shown.lines()).toHaveLength(9);
  shown.figures = figuresWith([target], { entries: 40, pushed: 1, inFlight: 16 });
  shown.pass(10_000);
  expect(shown.lines()).toHaveLength(2);
  shown.pass(10_000);
  expect(shown.lines()).toHaveLength(1);
});

it("says what it is at before there is any figure: connecting, then reading the source", () => {
  const shown = begin();
  shown.pass(5000);
  expect(shown.lines()).toEqual([`${target}: connecting`]);
  started(shown);
  shown.pass(5000);
  expect(shown.lines()).toEqual(["reading the source"]);
});

it("says which target is still being connected to while the others are served", () => {
  const shown = started(begin());
  shown.figures = { ...figuresWith([target], { entries: 40 }), connecting: [target] };
  shown.pass(5000);
  expect(shown.lines()).toEqual([`${target}: connecting; 0 pushed, 0 already there, 0 failed, 0 refused of 40 seen`]);
});

it("says once that a host asks for patience, however many requests meet it, and names the time that is left with the figures", () => {
  const shown = started(begin());
  shown.figures = figuresWith([target], { entries: 40, inFlight: 12 });
  for (let request = 0; request < 12; request++) shown.progress.event(waiting);
  expect(shown.lines()).toEqual(["registry.test answers 429 and asks to wait 30 s; waiting 30 s; 12 versions in flight"]);
  shown.pass(5000);
  expect(shown.lines()).toEqual([
    `${target}: 0 pushed, 0 already there, 0 failed, 0 refused of 40 seen; 12 in flight; waiting 25 s more for registry.test`,
  ]);
  shown.progress.event({ ...waiting, milliseconds: 26_000 });
  expect(shown.lines()).toEqual([]);
  shown.progress.event({ ...waiting, milliseconds: 90_000 });
  expect(shown.lines()).toHaveLength(1);
  shown.pass(89_999);
  expect(shown.lines().at(-1)).toContain("more for registry.test");
  shown.pass(120_000);
  expect(shown.lines().at(-1)).not.toContain("more for");
});

it("tells of each target that waits for one host", () => {
  const shown = started(begin());
  shown.progress.event(waiting);
  shown.progress.event({ ...waiting, target: "oci://registry.test/other" });
  expect(shown.lines()).toHaveLength(2);
});

it("says of one short pause after the other no more than a line every five seconds", () => {
  const shown = started(begin());
  let told = 0;
  for (let second = 0; second < 20; second++) {
    shown.progress.event({ ...waiting, milliseconds: 1000 });
    told += shown.lines().filter((line) => line.includes("waiting 1 s;") || line.endsWith("waiting 1 s")).length;
    shown.pass(1000);
    shown.lines();
  }
  expect(told).toBe(4);
});

it("tells of a source's pause apart from the targets, and names a host that the reason does not", () => {
  const shown = started(begin());
  shown.figures = figuresWith([target], { entries: 40, inFlight: 1 });
  shown.progress.event({ type: "waiting", end: "source", host: "charts.test", milliseconds: 8000, reason: "answers 503" });
  expect(shown.lines()).toEqual(["charts.test: answers 503; waiting 8 s; 1 version in flight"]);
  shown.pass(5000);
  expect(shown.lines()).toEqual([expect.stringContaining(target), "source; waiting 3 s more for charts.test"]);
});

it("answers an interruption at once, and says how to end without waiting", () => {
  const shown = started(begin());
  shown.progress.event({ type: "interrupted", graceMs: 30_000 });
  expect(shown.lines()).toEqual(["interrupted: finishing what is in flight, at most 30 s; press Ctrl-C again to end at once"]);
});

it("says nothing after its end, and leaves no timer", () => {
  const shown = started(begin());
  shown.progress.stop();
  shown.pass(60_000);
  expect(shown.lines()).toEqual([]);
  expect(shown.timers()).toBe(0);
});

it("writes the same into the JSON log", () => {
  const shown = begin("json");
  const facts = (): unknown[] => shown.lines().map((line): unknown => JSON.parse(line));
  shown.pass(5000);
  expect(facts()).toEqual([expect.objectContaining({ level: "info", type: "connecting", targets: [target] })]);
  started(shown);
  shown.figures = figuresWith([target], { entries: 40, pushed: 3, inFlight: 12 });
  for (let request = 0; request < 3; request++) shown.progress.event(waiting);
  expect(facts()).toEqual([{ time: "2024-01-01T00:00:05.000Z", level: "warn", ...waiting, inFlight: 12 }]);
  shown.pass(5000);
  expect(facts()).toEqual([
    {
      time: "2024-01-01T00:00:10.000Z",
      level: "info",
      type: "progress",
      totals: shown.figures.totals,
      inFlight: { [target]: 12 },
      connecting: [],
      waiting: [{ end: "target", target, host: "registry.test", milliseconds: 25_000 }],
    },
  ]);
  shown.progress.event({ type: "note", note: { code: "nothing-selected", text: "none" } });
  shown.progress.event({ type: "interrupted", graceMs: 30_000 });
  expect(facts()).toMatchObject([
    { level: "warn", type: "note", code: "nothing-selected", text: "none" },
    { level: "warn", type: "interrupted", graceMs: 30_000 },
  ]);
  shown.progress.stop();
  shown.pass(60_000);
  expect(shown.lines()).toEqual([]);
});
