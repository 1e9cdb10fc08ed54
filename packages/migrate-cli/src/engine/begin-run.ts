import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";

import { type ChartferryError, systemClock } from "@chartferry/core";

import { countInFlight } from "./count-in-flight.ts";
import { watchSelection, type WatchedSelection } from "./choose/explain-selection.ts";
import type { MigrateOptions } from "./migrate-options.ts";
import { watchOpening } from "./deliver/await-opened.ts";
import { createProvenanceLookUp, type ProvenanceLookUp } from "./deliver/provenance-look-up.ts";
import { createRecordStore, type RecordStore } from "./keep/record-store.ts";
import { createTotals } from "./keep/report.ts";
import { createFunnel } from "./choose/funnel.ts";
import { createMapping, type Mapping } from "./choose/mapping.ts";
import { createSpool, type Spool } from "./spool/spool.ts";
import { openTargetJournals, type TargetJournal } from "./keep/target-journals.ts";
import { createWorkQueue, type WorkQueue } from "./work-queue.ts";

/** Everything that lives as long as one run. */
export interface Run {
  /** Names the run's configuration in work items. */
  readonly id: string;
  readonly selection: WatchedSelection;
  readonly mapping: Mapping;
  readonly journals: ReadonlyMap<string, TargetJournal>;
  readonly queue: WorkQueue;
  /** Versions that each target is busy with. */
  readonly inFlight: () => Readonly<Record<string, number>>;
  /** Targets that are still being connected to. */
  readonly connecting: () => readonly string[];
  /** Targets that nothing more is to be asked of, and what they failed with last; known when their lanes are done. */
  readonly givenUp: Map<string, ChartferryError>;
  readonly spool: Spool;
  readonly records: RecordStore;
  readonly seekProvenance: ProvenanceLookUp | undefined;
  readonly currentProvenance: ProvenanceLookUp | undefined;
  readonly totals: ReturnType<typeof createTotals>;
  /** Aborted = begin nothing new. */
  readonly stop: AbortSignal;
  /** Aborted = end at once. */
  readonly signal: AbortSignal;
  /** Ends at once, for a fault of our own. */
  abort(): void;
  /** Lets go of timers and listeners. */
  end(): void;
}

/** @throws usage (a range or a name that cannot be used, a file that is no journal), journal-locked, file-unwritable */
export async function beginRun(options: MigrateOptions, journalUse: "write" | "read" = "write"): Promise<Run> {
  const { clock = systemClock } = options;
  const selection = watchSelection(options.selection ?? {}, clock.now());
  const mapping = createMapping(options.mapping);
  const lanes = options.targets.map(({ id }) => id);
  const records = createRecordStore(lanes.length);
  const journals = await openTargetJournals(options, { mapping: mapping.key, use: journalUse }).catch((error: unknown) => {
    records.close();
    throw error;
  });
  const interrupts = watchInterrupts(options);
  const { source, spool: limits, refreshProvenance = false, requireProvenance = false, existing } = options;
  const lookUp = createProvenanceLookUp(source, interrupts.signal);
  return {
    id: randomUUID(),
    selection,
    mapping,
    journals,
    ...countInFlight(createWorkQueue(lanes), lanes),
    connecting: watchOpening(options.targets),
    givenUp: new Map(),
    spool: createSpool({ source, lanes, limits, signal: interrupts.signal }),
    records,
    seekProvenance: refreshProvenance || requireProvenance ? lookUp : undefined,
    currentProvenance: existing === "overwrite" ? lookUp : undefined,
    totals: createTotals(lanes, createFunnel(selection.filter.active, mapping.renamed)),
    ...interrupts,
  };
}

/** Milliseconds that work in flight gets to end by itself after an interruption. */
export const defaultGrace = 30_000;

/** `interrupt` stops what is new at once and everything else after the grace; `signal` stops everything at once. */
function watchInterrupts({
  interrupt,
  signal,
  graceMs = defaultGrace,
  clock = systemClock,
}: MigrateOptions): Pick<Run, "stop" | "signal" | "abort" | "end"> {
  const stop = new AbortController();
  const hard = new AbortController();
  const over = new AbortController();
  // Every request in flight listens: that many are no leak.
  setMaxListeners(0, stop.signal, hard.signal);
  const stopNow = (): void => {
    stop.abort();
    hard.abort();
  };
  const stopSoon = (): void => {
    stop.abort();
    clock.sleep(graceMs, over.signal).then(stopNow, () => {});
  };
  const watch = (watched: AbortSignal | undefined, action: () => void): void => {
    if (watched?.aborted === true) action();
    watched?.addEventListener("abort", action, { signal: over.signal });
  };
  watch(interrupt, stopSoon);
  watch(signal, stopNow);
  return { stop: stop.signal, signal: hard.signal, abort: stopNow, end: () => over.abort() };
}
