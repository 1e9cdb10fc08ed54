import { printable } from "@chartferry/core";

import type { RunFigures } from "../engine/keep/run-figures.ts";
import type { Screen } from "../terminal/screen.ts";
import { targetLines } from "./live-lines.ts";
import { createPauses } from "./pauses.ts";
import { inFlightAt } from "./plain-lines.ts";
import type { ProgressView, ProgressOptions } from "./progress-view.ts";
import { done, noticeOf, secondsText, waitingLine } from "./progress-words.ts";
import { createScreenBlock } from "./screen-block.ts";
import { cutEnd } from "./text-width.ts";
import { createThroughput } from "./throughput.ts";

/** Milliseconds between two drawings. */
const frame = 200;
/** Where the terminal does not say. */
const [usualColumns, usualRows] = [80, 24];

/** Two lines a target, drawn over and over; what is worth a line of its own scrolls by above them. */
export function createLiveView(screen: Screen, { targets, clock, every }: Omit<ProgressOptions, "terminal" | "logFormat">): ProgressView {
  const block = createScreenBlock(screen);
  const pauses = createPauses(clock);
  const throughputs = new Map(targets.map((target) => [target, createThroughput(clock)]));
  let figures: (() => RunFigures) | undefined;
  let ending = false;
  const lines = (): string[] => {
    // The last column stays free: some terminals go to the next line as soon as it is filled.
    const width = Math.max(1, (screen.columns > 0 ? screen.columns : usualColumns) - 1);
    const now = figures?.();
    const current = pauses.current();
    if (now === undefined) return [cutEnd(`connecting to ${targets.map((target) => printable(target)).join(", ")}`, width)];
    const shown = targets.flatMap((target) => {
      const throughput = throughputs.get(target) ?? createThroughput(clock);
      const counts = now.totals.targets[target];
      throughput.note(done(counts), counts?.bytes ?? 0);
      return targetLines({ target, figures: now, throughput, pauses: current, ending }, width);
    });
    const source = current
      .filter(({ end }) => end === "source")
      .map(({ host, leftMs }) => `source: waiting ${secondsText(leftMs)} for ${host}`);
    const reading = now.totals.entries === 0 && !now.crawled ? ["reading the source"] : [];
    return withinRows([...(source.length > 0 ? source : reading).map((line) => cutEnd(printable(line), width)), ...shown], screen.rows);
  };
  const draw = (): void => block.draw(lines());
  const cancel = [every(frame, draw), screen.onResize(draw)];
  return {
    event(event) {
      if (event.type === "started") figures = event.figures;
      if (event.type === "interrupted") ending = true;
      const isNews = event.type === "waiting" && pauses.isNews(event);
      const notice = isNews ? waitingLine(event, inFlightAt(event.target, figures?.())) : noticeOf(event);
      if (notice !== undefined) block.log(notice);
    },
    stop() {
      for (const each of cancel) each();
      block.close();
    },
  };
}

/** What is higher than the screen could not be drawn over: the beginning of it would have scrolled away. */
function withinRows(lines: readonly string[], rows: number): string[] {
  const room = Math.max(1, (rows > 0 ? rows : usualRows) - 1);
  return lines.length <= room ? [...lines] : [...lines.slice(0, room - 1), "…"];
}
