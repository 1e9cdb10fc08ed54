import { chartRepository, tagOf, type ChartSource, type Connection, type EntryProblem, type SourceEntry } from "@chartferry/core";

import { describeFailure } from "./describe-failure.ts";
import { hashText } from "./hash-text.ts";
import { createNumberSet, type NumberSet } from "./number-table.ts";
import type { EntryTest } from "./select-entries.ts";
import type { Outcome, VersionRecord, WorkItem } from "./work-item.ts";
import type { WorkQueue } from "./work-queue.ts";

/** Where the versions of a run go. */
export interface CrawlTarget {
  /** As in items and reports: `oci://host/namespace`. */
  readonly id: string;
  readonly namespace: string;
  readonly connection: Pick<Connection, "nameProblems">;
}

export interface CrawlOptions {
  readonly run: string;
  readonly source: ChartSource;
  readonly targets: readonly CrawlTarget[];
  readonly selects: EntryTest;
  readonly queue: WorkQueue;
  /** A version that goes no further, at one target or (problems of the source) at all. */
  readonly refuse: (outcome: Outcome) => Promise<void>;
  /** Nobody will ask for this entry at that target. */
  readonly settle: (target: string, sequence: number) => Promise<void>;
  /** Ends the crawl between two entries. */
  readonly stop?: AbortSignal | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CrawlCounts {
  /** Everything that the source names, unreadable entries included. */
  entries: number;
  /** Left out by the selection. */
  excluded: number;
  /** Entries that cannot be used at any target. */
  problems: number;
}

/** Turns the source's entries into items, one a target, and refuses before the first request what no registry would take. */
export async function crawl(options: CrawlOptions, counts: CrawlCounts): Promise<void> {
  const seen = createNumberSet();
  let sequence = 0;
  for await (const found of options.source.versions({ signal: options.signal })) {
    if (options.stop?.aborted === true) return;
    counts.entries++;
    const entry = found.kind === "entry" ? found.entry : found.problem;
    if (!options.selects(entry)) {
      counts.excluded++;
      continue;
    }
    const place = sequence++;
    if (found.kind === "entry") await dispatch(options, { entry: found.entry, sequence: place }, seen);
    else {
      counts.problems++;
      await refuseProblem(options, found.problem, place);
    }
  }
}

async function refuseProblem(options: CrawlOptions, { chart, version, error }: EntryProblem, sequence: number): Promise<void> {
  for (const target of options.targets) await options.settle(target.id, sequence);
  await options.refuse({ sequence, record: { ...bare({ chart, version, notes: [] }), ...describeFailure(error) } });
}

async function dispatch(
  options: CrawlOptions,
  place: { readonly entry: SourceEntry; readonly sequence: number },
  seen: NumberSet,
): Promise<void> {
  const { entry, sequence } = place;
  const duplicate = isDuplicate(entry, seen);
  for (const target of options.targets) {
    const goal = duplicate ? duplicateTag(entry) : mapEntry(entry, target);
    if ("tag" in goal) {
      const item: WorkItem = {
        ...goal,
        ...place,
        run: options.run,
        source: options.source.id,
        target: target.id,
        known: { state: "unknown" },
      };
      await options.queue.put(item);
    } else {
      await options.settle(target.id, sequence);
      await options.refuse({ sequence, record: { ...bare(entry), target: target.id, ...goal } });
    }
  }
}

type Refusal = Pick<VersionRecord, "reason" | "message" | "hint">;

function mapEntry(entry: SourceEntry, target: CrawlTarget): { repository: string; tag: string } | Refusal {
  try {
    const repository = chartRepository(target.namespace, entry.chart);
    const tag = tagOf(entry.version);
    const problem = target.connection.nameProblems(repository)[0];
    if (problem === undefined) return { repository, tag };
    return { reason: "name-invalid", message: problem.text, ...(problem.hint === undefined ? {} : { hint: problem.hint }) };
  } catch (error) {
    return describeFailure(error);
  }
}

/** `1.0.0+a` and `1.0.0_a` are one tag: the second would take the place of the first. */
function isDuplicate(entry: SourceEntry, seen: NumberSet): boolean {
  return seen.add(hashText(`${entry.chart}\n${entry.version.replaceAll("+", "_")}`));
}

function duplicateTag(entry: SourceEntry): Refusal {
  return {
    reason: "duplicate-tag",
    message: `another entry of ${entry.chart} has the same tag as version ${entry.version}; that one was taken, this one is refused`,
    hint: "remove one of the two from the index",
  };
}

function bare({ chart, version, notes, digest }: Pick<SourceEntry, "chart" | "version" | "notes" | "digest">): VersionRecord {
  const layerDigest = digest === undefined ? {} : { layerDigest: digest };
  return { chart, version, status: "refused", ...layerDigest, bytes: 0, attempts: 0, milliseconds: 0, notes };
}
