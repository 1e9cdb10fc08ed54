import { runVersions } from "../migrate.ts";
import { createMapping } from "../choose/mapping.ts";
import type { MigrateEvent, MigrateOptions } from "../migrate-options.ts";
import type { Report, ReportHead, Totals } from "../keep/report.ts";
import type { VersionRecord } from "../work-item.ts";
import type { ComparedProvenance } from "./audit-provenance.ts";
import { auditVersion } from "./audit-version.ts";
import { auditRecord, type AuditRecord } from "./audit-record.ts";
import { findExtras } from "./find-extras.ts";
import { type AuditState, auditStates, stateOf } from "./findings.ts";
import { createTagKeeper } from "./listed-tags.ts";
import { watchSource } from "./source-tags.ts";

export interface VerifyOptions extends MigrateOptions {
  /** Looks at manifests only. Default: false. */
  readonly quick?: boolean;
  /** How provenance is compared with the source's. Default: compare. */
  readonly provenance?: ComparedProvenance;
}

export type StateCounts = Readonly<Record<AuditState, number>>;

/** The audit without its versions, which may be a million. docs and `verify.schema.json` describe the whole. */
export interface AuditHead extends Pick<ReportHead, "schemaVersion" | "run" | "hosts"> {
  readonly totals: Pick<Totals, "entries" | "excluded" | "excludedBy" | "problems"> & {
    readonly targets: Readonly<Record<string, StateCounts>>;
  };
}

export interface Audit extends AuditHead {
  /** In the order of the source, and of the targets within it; what is extra comes last. May be read more than once until `close`. */
  versions(): Iterable<AuditRecord>;
  /** Removes the temporary file. */
  close(): void;
}

/**
 * Compares the targets with the source, without writing and without fetching a chart: what is missing, drifted, broken, extra, and what
 * cannot be told. @throws what keeps the source from being read at all, usage
 */
export async function verify(options: VerifyOptions): Promise<Audit> {
  const { targets, quick = false, provenance = "compare", selection = {} } = options;
  const known = watchSource(options.source, createMapping(options.mapping), targets);
  const kept = createTagKeeper();
  const counts = createCounts(targets.map(({ id }) => id));
  const notes: { code: string; text: string }[] = [];
  const onEvent = (event: MigrateEvent): void => {
    if (event.type === "version") counts.add(event.record);
    options.onEvent?.(event);
  };
  try {
    const report = await runVersions(
      { command: "verify", ...options, source: known.source, onEvent },
      {
        attempt: auditVersion({ source: options.source, quick, provenance }),
        journals: "read",
        onListed: ({ id }, repository, tags) => kept.keep(id, repository, tags),
        async afterwards({ records, givenUp, signal }) {
          const repositories = (selection.charts ?? []).length === 0 && (selection.exclude ?? []).length === 0;
          for await (const extra of findExtras({ targets, givenUp, known, kept, repositories, signal })) {
            if (!("status" in extra)) notes.push(extra);
            else {
              records.append(extra);
              counts.add(extra);
            }
          }
        },
      },
    );
    return { ...headOf(report, { counts, notes }), versions: () => auditRecords(report), close: () => report.close() };
  } finally {
    kept.close();
  }
}

interface Found {
  readonly counts: Counts;
  readonly notes: ReportHead["run"]["notes"];
}

function headOf({ schemaVersion, run, hosts, totals }: Report, { counts, notes }: Found): AuditHead {
  const { entries, excluded, excludedBy, problems, targets } = totals;
  return {
    schemaVersion,
    run: { ...run, notes: [...run.notes, ...notes] },
    totals: { entries, excluded, excludedBy, problems, targets: Object.fromEntries(Object.keys(targets).map((id) => [id, counts.of(id)])) },
    hosts,
  };
}

function* auditRecords(report: Report): Generator<AuditRecord, void, undefined> {
  for (const record of report.records()) yield auditRecord(record);
}

interface Counts {
  add(record: VersionRecord): void;
  of(target: string): StateCounts;
}

function createCounts(targets: readonly string[]): Counts {
  const byTarget = new Map(targets.map((id) => [id, none()]));
  return {
    add(record) {
      const counts = byTarget.get(record.target ?? "");
      if (counts !== undefined) counts[stateOf(record)]++;
    },
    of: (target) => byTarget.get(target) ?? none(),
  };
}

function none(): Record<AuditState, number> {
  return { same: 0, missing: 0, drifted: 0, broken: 0, extra: 0, unverifiable: 0, unchecked: 0 };
}

/**
 * `drift`: something differs for certain; `doubt`: nothing does, but not everything could be compared; `blind`: not one version could be
 * looked at, so an end as a whole cannot be used.
 */
export function verdict({ run, totals }: AuditHead): "equal" | "drift" | "doubt" | "blind" {
  const all = (state: AuditState): number => Object.values(totals.targets).reduce((sum, counts) => sum + counts[state], 0);
  const differing = auditStates.filter((state) => ["missing", "drifted", "broken", "extra"].includes(state));
  if (differing.some((state) => all(state) > 0)) return "drift";
  if (all("unchecked") > 0 && all("same") + all("unverifiable") === 0) return "blind";
  return run.end === "complete" && totals.problems === 0 && all("unverifiable") + all("unchecked") === 0 ? "equal" : "doubt";
}
