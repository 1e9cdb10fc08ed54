import type { Note } from "@chartferry/core";

import { createHashSet } from "../tables/hash-set.ts";
import { hashText } from "../tables/hash-text.ts";
import { runVersions } from "../migrate.ts";
import type { MigrateEvent, MigrateOptions } from "../migrate-options.ts";
import type { Report, ReportHead, Totals } from "../keep/report.ts";
import type { VersionRecord, WorkItem } from "../work-item.ts";
import { type Decision, decisionOf, decisions } from "./decisions.ts";
import { groupVersions, type PlannedVersion } from "./group-versions.ts";
import type { FormerHomes } from "./index-warnings.ts";
import { planVersion } from "./plan-version.ts";

export interface PlanOptions extends MigrateOptions {
  /** Opens every chart, those included that are there already. Default: false. */
  readonly deep?: boolean;
  /** Whether provenance travels. Default: true. */
  readonly provenance?: boolean;
  /** Further urls that the charts are moved away from, besides the source's own. */
  readonly formerHomes?: FormerHomes;
}

export type DecisionCounts = Readonly<Record<Decision, number>>;

/** The plan without its versions, which may be a million. docs and `plan.schema.json` describe the whole. */
export interface PlanHead extends Pick<ReportHead, "schemaVersion" | "run" | "hosts"> {
  readonly totals: Pick<Totals, "entries" | "excluded" | "excludedBy" | "problems"> & {
    readonly targets: Readonly<Record<string, DecisionCounts & { readonly bytes: number }>>;
    /** Versions by code of the warning. */
    readonly warnings: Readonly<Record<string, number>>;
  };
}

export interface Plan extends PlanHead {
  /** In the order of the source; may be read more than once until `close`. */
  versions(): Iterable<PlannedVersion>;
  /** Removes the temporary file. */
  close(): void;
}

/**
 * What a migration with the same options would do: the same crawl, the same listings, the same decision for each version. Nothing is
 * written, at the targets or in the journal, and without `deep` no chart is fetched.
 * @throws what keeps the source from being read at all, usage
 */
export async function plan(options: PlanOptions): Promise<Plan> {
  const counts = createCounts(options.targets.map(({ id }) => id));
  const attempt = planVersion({
    source: options.source,
    homes: [options.source.id, ...(options.formerHomes ?? [])],
    deep: options.deep ?? false,
    provenance: options.provenance ?? true,
    newRepository: newRepositories(options),
    hidesMissing: ({ target }) => options.targets.find(({ id }) => id === target)?.connection.hidesMissing ?? false,
  });
  const onEvent = (event: MigrateEvent): void => {
    if (event.type === "version") counts.add(event.record);
    options.onEvent?.(event);
  };
  const report = await runVersions({ command: "plan", ...options, onEvent }, { attempt, journals: "read" });
  return { ...headOf(report, counts), versions: () => groupVersions(report.records()), close: () => report.close() };
}

function headOf({ schemaVersion, run, hosts, totals }: Report, counts: Counts): PlanHead {
  const { entries, excluded, excludedBy, problems } = totals;
  const targets = Object.entries(totals.targets).map(([id, { bytes }]) => [id, { ...counts.of(id), bytes }] as const);
  return {
    schemaVersion,
    run,
    totals: { entries, excluded, excludedBy, problems, targets: Object.fromEntries(targets), warnings: counts.warnings() },
    hosts,
  };
}

/** Remarks on repositories that are not there yet, once each. */
function newRepositories({ targets }: PlanOptions): (item: WorkItem) => Note | undefined {
  const connections = new Map(targets.map(({ id, connection }) => [id, connection]));
  const told = new Set<string>();
  return ({ target, repository }) => {
    // Asked of each anew: what kind of registry it is may have been found out a moment ago.
    const note = connections.get(target)?.newRepository;
    const key = `${target} ${repository}`;
    if (note === undefined || told.has(key)) return undefined;
    told.add(key);
    return note;
  };
}

interface Counts {
  add(record: VersionRecord): void;
  of(target: string): DecisionCounts;
  warnings(): Readonly<Record<string, number>>;
}

function createCounts(targets: readonly string[]): Counts {
  const byTarget = new Map(targets.map((id) => [id, none()]));
  const byCode = new Map<string, number>();
  // A version's remarks come once a target, and not the same everywhere: each counts once.
  const told = createHashSet();
  const isNew = ({ chart, version }: VersionRecord, code: string): boolean =>
    targets.length < 2 || told.add(hashText(`${chart}\n${version}\n${code}`));
  return {
    add(record) {
      const counts = byTarget.get(record.target ?? "");
      if (counts !== undefined) counts[decisionOf(record)]++;
      for (const code of new Set(record.notes.map((note) => note.code))) {
        if (isNew(record, code)) byCode.set(code, (byCode.get(code) ?? 0) + 1);
      }
    },
    of: (target) => byTarget.get(target) ?? none(),
    warnings: () => Object.fromEntries(byCode),
  };
}

function none(): Record<Decision, number> {
  return { push: 0, skip: 0, compare: 0, fail: 0, refuse: 0, unknown: 0 };
}

/** Whether a migration would find everything at every target already; with `known`, as far as is known without opening charts. */
export function hasNothingToDo({ run, totals }: PlanHead, { known = false }: { readonly known?: boolean } = {}): boolean {
  const counts = Object.values(totals.targets);
  const all = (decision: Decision): number => counts.reduce((sum, each) => sum + each[decision], 0);
  const settled: readonly Decision[] = known ? ["skip", "unknown", "compare"] : ["skip"];
  return (
    (known || run.end === "complete") &&
    totals.problems === 0 &&
    decisions.every((decision) => settled.includes(decision) || all(decision) === 0)
  );
}

/** Whether versions were asked for and not one of them could be looked at: then an end as a whole cannot be used. */
export function isBlind({ totals }: PlanHead): boolean {
  const counts = Object.values(totals.targets);
  const others = decisions.filter((decision) => decision !== "unknown");
  return counts.some(({ unknown }) => unknown > 0) && others.every((decision) => counts.every((each) => each[decision] === 0));
}

/** Whether every version could be looked at. */
export function isWhole({ run, totals }: PlanHead): boolean {
  return run.end === "complete" && Object.values(totals.targets).every(({ unknown }) => unknown === 0);
}
