import { printable } from "@chartferry/core";

import type { RunFigures } from "../engine/keep/run-figures.ts";
import { createCadence } from "./cadence.ts";
import { createPauses, type Pause } from "./pauses.ts";
import type { ProgressView, ProgressOptions } from "./progress-view.ts";
import { countsLine, noticeOf, secondsText, seen, waitingLine } from "./progress-words.ts";

/** How often it is looked whether a line is due. Milliseconds. */
const tick = 1000;

/** What is worth a line at once, and the figures every few seconds, also while everything waits. */
export function createPlainLines({ terminal, clock, every, targets }: ProgressOptions): ProgressView {
  const pauses = createPauses(clock);
  const cadence = createCadence(clock);
  let figures: (() => RunFigures) | undefined;
  const cancel = every(tick, () => {
    const now = figures?.();
    if (!cadence.isDue(JSON.stringify([now?.totals, now?.crawled]))) return;
    for (const line of figureLines(now, { targets, pauses: pauses.current() })) terminal.err(`${line}\n`);
  });
  return {
    event(event) {
      const notice = noticeOf(event);
      if (notice !== undefined) terminal.err(`${notice}\n`);
      if (event.type === "started") figures = event.figures;
      if (event.type === "waiting" && pauses.isNews(event)) terminal.err(`${waitingLine(event, inFlightAt(event.target, figures?.()))}\n`);
    },
    stop: cancel,
  };
}

/** Versions that a target has in flight; those of all targets where it is the source that they wait for. */
export function inFlightAt(target: string | undefined, figures: RunFigures | undefined): number {
  const counts = figures?.inFlight ?? {};
  return target === undefined ? Object.values(counts).reduce((sum, count) => sum + count, 0) : (counts[target] ?? 0);
}

interface Shown {
  readonly targets: readonly string[];
  readonly pauses: readonly Pause[];
}

function figureLines(figures: RunFigures | undefined, { targets, pauses }: Shown): string[] {
  const source = pausesText(pauses.filter(({ end }) => end === "source"));
  if (figures === undefined) return targets.map((target) => `${printable(target)}: connecting${pausesText(pausesOf(target, pauses))}`);
  if (figures.totals.entries === 0 && !figures.crawled) return [`reading the source${source}`];
  const lines = targets.map((target) => {
    const flying = inFlightAt(target, figures);
    const counts = `${countsLine(figures.totals.targets[target])} of ${seen(figures.totals)} seen`;
    const connecting = figures.connecting.includes(target) ? "connecting; " : "";
    return `${printable(target)}: ${connecting}${counts}${flying > 0 ? `; ${flying} in flight` : ""}${pausesText(pausesOf(target, pauses))}`;
  });
  return source === "" ? lines : [...lines, `source${source}`];
}

function pausesOf(target: string, pauses: readonly Pause[]): readonly Pause[] {
  return pauses.filter((pause) => pause.target === target);
}

function pausesText(pauses: readonly Pause[]): string {
  return pauses.map(({ host, leftMs }) => `; waiting ${secondsText(leftMs)} more for ${printable(host)}`).join("");
}
