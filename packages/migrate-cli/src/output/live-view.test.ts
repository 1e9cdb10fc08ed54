import { expect, it } from "vitest";

import type { RunFigures } from "../engine/keep/run-figures.ts";
import { createFakeScreen, type FakeScreen } from "../testing/fake-screen.ts";
import { createFakeTime, figuresWith, type FakeTime } from "../testing/fake-progress.ts";
import { createLiveView } from "./live-view.ts";
import type { ProgressView } from "./progress-view.ts";

const target = "oci://registry.example.com/charts";
const busy = { entries: 456, pushed: 120, skipped: 2, failed: 1, bytes: 12_300_000, inFlight: 16, requests: 512, retries: 3 };

interface View extends FakeTime {
  readonly screen: FakeScreen;
  readonly view: ProgressView;
  figures: RunFigures;
}

function begin(targets: readonly string[] = [target], screen = createFakeScreen()): View {
  const time = createFakeTime();
  const view: View = { ...time, screen, view: createLiveView(screen, { ...time, targets }), figures: figuresWith(targets) };
  view.view.event({ type: "started", figures: () => view.figures });
  return view;
}

it("says which target is still being connected to while the others are served", () => {
  const shown = begin();
  shown.figures = { ...figuresWith([target], { entries: 40 }), connecting: [target] };
  shown.pass(1000);
  expect(shown.screen.shown().at(-1)).toBe("  connecting; 0 pushed; 0.0 KB sent");
});

/** Ten versions a second for ten seconds, then what is given. */
function beginBusy(counts: Parameters<typeof figuresWith>[1] = {}, screen = createFakeScreen()): View {
  const view = begin([target], screen);
  for (let second = 1; second <= 10; second++) {
    view.figures = figuresWith([target], { ...busy, pushed: second * 10, skipped: 0, failed: 0, bytes: second * 1e6, ...counts });
    view.pass(1000);
  }
  return view;
}

it("shows progress, speed, time left, outcomes, requests and retries on a terminal of 80 columns", () => {
  const { screen } = beginBusy({ crawled: true, failed: 1 });
  expect(screen.shown()).toEqual([
    `${target.slice(0, 13)}…${target.slice(-13)}  [##--------]  101/456  10.1/s  1.0 MB/s  0:36 left`,
    "  100 pushed, 1 failed; 512 requests, 3 repeated; 16 in flight; 10.0 MB sent",
  ]);
  expect(screen.shown().every((line) => line.length < 80)).toBe(true);
});

it.each([20, 40, 60, 100, 200])("keeps every line within a terminal of %d columns", (columns) => {
  const { screen } = beginBusy({ ...busy, crawled: true }, createFakeScreen(columns));
  expect(screen.shown()).toHaveLength(2);
  expect(screen.shown().every((line) => line.length < columns)).toBe(true);
});

it("follows a terminal that changes its width, and leaves nothing of the lines that were broken meanwhile", () => {
  const { screen } = beginBusy({ crawled: true }, createFakeScreen(160));
  expect(screen.shown()[0]).toContain("[####");
  screen.resize(50);
  expect(screen.shown()).toHaveLength(2);
  expect(screen.shown().every((line) => line.length < 50)).toBe(true);
  screen.resize(160);
  expect(screen.shown()).toHaveLength(2);
});

it("gives no time before the number of versions is known, nor while the registry lets us wait", () => {
  expect(beginBusy().screen.shown()[0]).toMatch(/100\/456\+ {2}10\.0\/s {2}1\.0 MB\/s$/u);
  const shown = beginBusy({ crawled: true });
  expect(shown.screen.shown()[0]).toContain(" left");
  shown.view.event({ type: "waiting", end: "target", target, host: "registry.example.com", milliseconds: 30_000, reason: "answers 429" });
  shown.pass(2000);
  expect(shown.screen.shown()).toEqual([
    "registry.example.com: answers 429; waiting 30 s; 16 versions in flight",
    expect.not.stringContaining(" left"),
    "  waiting 28 s for registry.example.com; 100 pushed; 512 requests, 3 repeated",
  ]);
});

it("gives no time once the user has asked for an end: the rest is left undone", () => {
  const shown = beginBusy({ crawled: true });
  expect(shown.screen.shown()[0]).toContain(" left");
  shown.view.event({ type: "interrupted", graceMs: 30_000 });
  shown.pass(200);
  expect(shown.screen.shown().join("\n")).not.toContain(" left");
  expect(shown.screen.shown().at(-2)).toMatch(/ {2}ending$/u);
});

it("gives no time while the source lets us wait", () => {
  const shown = beginBusy({ crawled: true });
  shown.view.event({ type: "waiting", end: "source", host: "charts.test", milliseconds: 30_000, reason: "answers 503" });
  shown.pass(200);
  expect(shown.screen.shown().join("\n")).not.toContain(" left");
});

it("gives no time after the first seconds, however fast they were", () => {
  const view = begin();
  view.figures = figuresWith([target], { entries: 456, pushed: 100, crawled: true });
  view.pass(4800);
  expect(view.screen.shown()[0]).not.toContain(" left");
  view.pass(400);
  expect(view.screen.shown()[0]).toContain(" left");
});

it("gives no time after a handful of versions, and none when nothing moves any more", () => {
  const view = begin();
  view.figures = figuresWith([target], { entries: 40, pushed: 3, crawled: true });
  view.pass(10_000);
  expect(view.screen.shown()[0]).not.toContain(" left");
  view.figures = figuresWith([target], { entries: 40, pushed: 30, crawled: true });
  view.pass(1000);
  expect(view.screen.shown()[0]).toContain(" left");
  view.pass(30_000);
  expect(view.screen.shown()[0]).toContain("  0.0/s");
  expect(view.screen.shown()[0]).not.toContain(" left");
});

it("says that it reads the source, or what the source lets it wait for", () => {
  const view = begin();
  view.pass(200);
  expect(view.screen.shown()[0]).toBe("reading the source");
  view.view.event({ type: "waiting", end: "source", host: "charts.test", milliseconds: 9000, reason: "answers 503" });
  view.pass(200);
  expect(view.screen.shown().slice(0, 2)).toEqual(["charts.test: answers 503; waiting 9 s", "source: waiting 9 s for charts.test"]);
});

it("lets what is worth a line scroll by above, and clears itself away", () => {
  const view = beginBusy();
  view.view.event({ type: "journal", path: "/state/journal.jsonl" });
  view.view.event({ type: "interrupted", graceMs: 30_000 });
  expect(view.screen.shown().join("\n")).toContain("journal: /state/journal.jsonl\ninterrupted: finishing");
  view.pass(200);
  view.view.stop();
  expect(view.screen.shown().join(" ")).toMatch(/^journal: .*at once$/u);
});

it("draws no more rows than the terminal has", () => {
  const targets = Array.from({ length: 20 }, (_, index) => `oci://registry-${index}.test/charts`);
  const view = begin(targets, createFakeScreen(80, 10));
  view.pass(1000);
  expect(view.screen.shown()).toHaveLength(9);
  expect(view.screen.shown().at(-1)).toBe("…");
  view.screen.resize(80, 60);
  expect(view.screen.shown()).toHaveLength(41);
});

it("hides the cursor once and shows it once, however often it is stopped", () => {
  const view = beginBusy();
  view.view.event({ type: "interrupted", graceMs: 30_000 });
  view.view.stop();
  view.view.stop();
  view.screen.exit();
  view.pass(1000);
  expect(cursorSequences(view.screen)).toEqual(["\u001b[?25l", "\u001b[?25h"]);
  expect({ timers: view.timers(), listeners: view.screen.listeners() }).toEqual({ timers: 0, listeners: 0 });
});

it("shows the cursor when the process ends without a word, and leaves it alone when nothing was drawn", () => {
  const view = beginBusy();
  view.screen.exit();
  expect(cursorSequences(view.screen)).toEqual(["\u001b[?25l", "\u001b[?25h"]);
  const written = view.screen.written();
  view.pass(1000);
  view.view.stop();
  view.view.event({ type: "journal", path: "/state/journal.jsonl" });
  expect(view.screen.written()).toBe(written);
  expect(cursorSequences(view.screen)).toEqual(["\u001b[?25l", "\u001b[?25h"]);
  const idle = begin();
  idle.view.stop();
  expect(idle.screen.written()).toBe("");
});

function cursorSequences(screen: FakeScreen): string[] {
  // oxlint-disable-next-line no-control-regex -- control sequences are what it looks for
  return screen.written().match(/\u001b\[\?25[hl]/gu) ?? [];
}
