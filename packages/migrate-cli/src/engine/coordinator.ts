import type { JournalEntry } from "./keep/journal.ts";
import type { Landing } from "./deliver/landing.ts";
import type { MigrateEvent, MigrationTarget } from "./migrate-options.ts";
import type { RecordStore } from "./keep/record-store.ts";
import type { createTotals, Totals } from "./keep/report.ts";
import type { TargetJournal } from "./keep/target-journals.ts";
import type { Outcome } from "./work-item.ts";

export interface CoordinatorOptions {
  readonly targets: readonly MigrationTarget[];
  readonly journals: ReadonlyMap<string, TargetJournal>;
  readonly records: RecordStore;
  readonly totals: ReturnType<typeof createTotals>;
  readonly downloads: () => Totals["downloads"];
  readonly onEvent: (event: MigrateEvent) => void;
  /** Ends the run: its records cannot be kept. */
  readonly abort: () => void;
}

/** The only one that writes journal and report. */
export interface Coordinator {
  /** Never throws: a fault ends the run, and `follow` tells it. */
  take(outcome: Outcome): void;
  /** Takes outcomes until there are no more. @throws what kept it from keeping them */
  follow(outcomes: AsyncIterable<Outcome>): Promise<void>;
}

export function createCoordinator({ targets, journals, records, totals, downloads, onEvent, abort }: CoordinatorOptions): Coordinator {
  const slots = new Map(targets.map(({ id }, slot) => [id, slot]));
  let fault: { readonly error: unknown } | undefined;
  const keep = (outcome: Outcome): void => {
    const { sequence, record } = outcome;
    remember(journals.get(record.target ?? ""), outcome);
    records.add({ sequence, slot: slots.get(record.target ?? "") ?? 0 }, record);
    totals.add(record);
    onEvent({ type: "version", sequence, record, totals: totals.snapshot(downloads()) });
  };
  const take = (outcome: Outcome): void => {
    if (fault !== undefined) return;
    try {
      keep(outcome);
    } catch (error) {
      fault = { error };
      abort();
    }
  };
  return {
    take,
    async follow(outcomes) {
      for await (const outcome of outcomes) take(outcome);
      if (fault !== undefined) throw fault.error;
    },
  };
}

/** Only what is proved, and what changed: an unchanged repository leaves the journal as it is. */
function remember(target: TargetJournal | undefined, { record: { chart, version }, landing }: Outcome): void {
  if (target === undefined || landing === undefined || !landing.proved) return;
  const { journal, key } = target;
  const known = journal.find(key, chart, version);
  const entry = entryOf({ key, chart, version }, landing, known);
  if (entry === undefined || (known !== undefined && isSame(entry, known))) return;
  journal.append(entry);
}

function entryOf(
  identity: Pick<JournalEntry, "key" | "chart" | "version">,
  { manifestDigest: manifest, layerDigest: layer, provenance: seen }: Landing,
  known: JournalEntry | undefined,
): JournalEntry | undefined {
  if (manifest === undefined) return undefined;
  // A manifest has the one provenance: what was learnt of it once stays true.
  const provenance = seen ?? (known?.manifest === manifest ? known.provenance : undefined);
  return { ...identity, manifest, ...(layer === undefined ? {} : { layer }), ...(provenance === undefined ? {} : { provenance }) };
}

function isSame(one: JournalEntry, other: JournalEntry): boolean {
  return one.manifest === other.manifest && one.layer === other.layer && one.provenance === other.provenance;
}
