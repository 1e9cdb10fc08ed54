import cliProgress, { type SingleBar } from "cli-progress";

import { printable } from "@chartferry/core";

import type { StatusCounts, Totals } from "../engine/report.ts";
import type { Progress, ProgressOptions } from "./progress-view.ts";
import { sizeText, seen, noticeOf, countsLine } from "./progress-words.ts";

/** One bar a target. Without colours: they would say nothing that the figures do not. */
export function createLiveView(stream: NodeJS.WritableStream, { targets, clock }: Pick<ProgressOptions, "targets" | "clock">): Progress {
  const view = new cliProgress.MultiBar({
    stream,
    format: "{target} [{bar}] {value}/{total}  {counts}  {rate}/s",
    barCompleteChar: "#",
    barIncompleteChar: "-",
    barsize: 20,
    fps: 5,
    clearOnComplete: true,
    hideCursor: true,
    emptyOnZero: true,
  });
  const started = clock.now();
  const bars = targets.map((target) => ({ target, bar: view.create(0, 0, { target: printable(target, 40), counts: "", rate: 0 }) }));
  const show = (totals: Totals): void => {
    const seconds = Math.max(1, (clock.now() - started) / 1000);
    for (const { target, bar } of bars) update(bar, totals, { counts: totals.targets[target], seconds });
  };
  return {
    event(event) {
      const notice = noticeOf(event);
      if (notice !== undefined) view.log(`${notice}\n`);
      if (event.type === "version" || event.type === "crawled") show(event.totals);
    },
    stop: () => view.stop(),
  };
}

type Counts = (StatusCounts & { readonly bytes: number }) | undefined;

function update(bar: SingleBar, totals: Totals, { counts, seconds }: { readonly counts: Counts; readonly seconds: number }): void {
  if (counts === undefined) return;
  const done = counts.pushed + counts.skipped + counts.failed + counts.refused + counts["not-attempted"];
  bar.setTotal(Math.max(seen(totals), done));
  bar.update(done, { counts: `${countsLine(counts)}, ${sizeText(counts.bytes)} sent`, rate: Math.round(done / seconds) });
}
