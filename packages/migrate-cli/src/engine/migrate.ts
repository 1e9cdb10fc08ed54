import { ChartferryError, closeAll, systemClock } from "@chartferry/core";

import { createCoordinator } from "./coordinator.ts";
import { crawl } from "./crawl.ts";
import { beginRun, type Run } from "./begin-run.ts";
import { runLane } from "./deliver/lane.ts";
import type { Attempting } from "./deliver/attempt-delivery.ts";
import type { MigrateOptions, MigrationTarget } from "./migrate-options.ts";
import { type GuardedEvents, guardEvents } from "./guard-events.ts";
import { finishReport, hostRecords, runNotes } from "./keep/finish-report.ts";
import type { Report } from "./keep/report.ts";
import type { RunFigures } from "./keep/run-figures.ts";
import { createTargetListings } from "./deliver/target-listings.ts";
import { closeJournals } from "./keep/target-journals.ts";

/** Versions in flight per target. */
const defaultConcurrency = 16;

/**
 * Brings every selected version of the source to every target. A failing version or target never stops the others; they stand in the
 * report. @throws what keeps the source from being read at all, journal-locked, usage
 */
export async function migrate(options: MigrateOptions): Promise<Report> {
  return runVersions(options, {});
}

/** What a run does with the versions. Default: it brings them to the targets. */
export interface RunWork {
  readonly attempt?: Attempting;
  /** Default: write. */
  readonly journals?: "write" | "read";
  /** Told of every listing of a repository at a target. */
  readonly onListed?: (target: MigrationTarget, repository: string, tags: ReadonlySet<string> | undefined) => void;
  /** Done when every version has been seen, unless the run was broken off. */
  readonly afterwards?: (run: Run) => Promise<void>;
}

/** A run over all selected versions and targets: crawl, lanes, coordinator, report. Migration, plan and audit are such runs. */
export async function runVersions(options: MigrateOptions, work: RunWork): Promise<Report> {
  checkTargets(options.targets.map(({ id }) => id));
  const started = new Date((options.clock ?? systemClock).now());
  const run = await beginRun(options, work.journals);
  try {
    const problem = await execute({ options, run, work });
    if (problem !== undefined && run.totals.crawl.entries === 0 && !run.stop.aborted) throw problem;
    if (problem === undefined) await runAfterwards(run, work);
    return finishReport(options, run, { started, problem });
  } catch (error) {
    run.records.close();
    throw error;
  } finally {
    run.end();
    await closeAll([() => run.spool.close(), () => closeJournals(run.journals)]);
  }
}

/** Ends at once when the run is interrupted, and keeps what was found until then: there is nothing in flight that had to be brought to an end. */
async function runAfterwards(run: Run, { afterwards }: RunWork): Promise<void> {
  if (run.stop.aborted) return;
  await afterwards?.({ ...run, signal: run.stop }).catch((error: unknown) => {
    if (!run.stop.aborted) throw error;
  });
}

/** Runs crawler, lanes and coordinator side by side. Resolves with what broke the crawl off, if anything did. */
async function execute({ options, run, work }: RunParts): Promise<Error | undefined> {
  const events = guardEvents(options.onEvent, () => run.abort());
  const downloads = (): Run["spool"]["counts"] => run.spool.counts;
  let isCrawled = false;
  events.tell({ type: "started", figures: () => figuresOf(options, run, isCrawled) });
  for (const path of new Set([...run.journals.values()].map(({ journal }) => journal.path))) events.tell({ type: "journal", path });
  const coordinator = createCoordinator({ ...run, targets: options.targets, downloads, onEvent: (event) => events.tell(event) });
  const crawling = crawl(
    {
      ...run,
      // Nothing of what is still read would be begun.
      signal: run.stop,
      source: options.source,
      targets: options.targets,
      run: run.id,
      refuse: async (outcome) => coordinator.take(outcome),
      settle: (target, sequence) => run.spool.settle(target, sequence),
    },
    run.totals.crawl,
  ).then(
    () => undefined,
    (error: unknown) => (run.stop.aborted ? undefined : sourceFault(error)),
  );
  const crawled = crawling.then(async (problem) => {
    await run.queue.close();
    isCrawled = true;
    if (problem === undefined && !run.stop.aborted) for (const note of runNotes(run)) events.tell({ type: "note", note });
    events.tell({ type: "crawled", totals: run.totals.snapshot(downloads()) });
    return problem;
  });
  const lanes = options.targets.map((target) => runTargetLane({ options, run, work, events }, target));
  const working = Promise.allSettled([crawled, ...lanes]).then(() => run.queue.abandon());
  const all = [crawled, coordinator.follow(run.queue.outcomes()), ...lanes] as const;
  // Whatever fails, all of them end before the run's files are closed: a late one would write to a descriptor that may be another file's by then.
  await Promise.allSettled([working, ...all]);
  const [problem] = await Promise.all(all);
  events.rethrow();
  return problem;
}

function figuresOf(options: MigrateOptions, run: Run, crawled: boolean): RunFigures {
  const totals = run.totals.snapshot(run.spool.counts);
  return { totals, crawled, inFlight: run.inFlight(), connecting: run.connecting(), hosts: hostRecords(options) };
}

interface RunParts {
  readonly options: MigrateOptions;
  readonly run: Run;
  readonly work: RunWork;
}

interface LaneParts extends RunParts {
  readonly events: GuardedEvents;
}

async function runTargetLane({ options, run, work, events }: LaneParts, target: MigrationTarget): Promise<void> {
  const { clock = systemClock, existing = "verify", concurrency = defaultConcurrency, listTags = true, requireProvenance } = options;
  const { spool, signal, stop, queue } = run;
  const { onListed } = work;
  const journal = run.journals.get(target.id);
  const failure = await runLane({
    target: target.id,
    opened: target.opened,
    naming: target.connection,
    queue,
    concurrency,
    stop,
    onStopped: (error) => events.tell({ type: "target-stopped", target: target.id, error }),
    abort: () => run.abort(),
    delivery: {
      spool,
      existing,
      seekProvenance: run.seekProvenance,
      requireProvenance,
      currentProvenance: run.currentProvenance,
      clock,
      signal,
      attempt: work.attempt,
      listings: createTargetListings(target.connection, {
        listTags,
        clock,
        signal,
        onListed: onListed && ((repository, tags) => onListed(target, repository, tags)),
      }),
      recorded: ({ entry }) => journal?.journal.find(journal.key, entry.chart, entry.version),
    },
  });
  if (failure !== undefined) run.givenUp.set(target.id, failure);
}

function sourceFault(error: unknown): Error {
  return error instanceof Error ? error : new Error("the source broke off", { cause: error });
}

function checkTargets(ids: readonly string[]): void {
  if (ids.length === 0) throw new ChartferryError("no target is given", { code: "usage", operation: "migrate" });
  if (new Set(ids).size < ids.length) throw new ChartferryError("a target is given twice", { code: "usage", operation: "migrate" });
}
