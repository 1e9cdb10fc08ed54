import type { ChartSource, EntryProblem, SourceEntry } from "@chartferry/core";

import { chooseItems } from "./choose/choose-items.ts";
import { describeFailure } from "./describe-failure.ts";
import type { Funnel } from "./choose/funnel.ts";
import { mapEntry, type MappingTarget, type Refusal } from "./choose/map-entry.ts";
import type { Mapping } from "./choose/mapping.ts";
import type { EntryFilter } from "./choose/select-entries.ts";
import { createTagClaims } from "./choose/tag-claims.ts";
import type { Outcome, VersionRecord, WorkItem } from "./work-item.ts";
import type { WorkQueue } from "./work-queue.ts";

/** Where the versions of a run go. */
export interface CrawlTarget extends MappingTarget {
  /** As in items and reports: `oci://host/namespace`. */
  readonly id: string;
}

export interface CrawlOptions {
  readonly run: string;
  readonly source: ChartSource;
  readonly targets: readonly CrawlTarget[];
  readonly selection: { readonly filter: EntryFilter };
  readonly mapping: Mapping;
  readonly queue: WorkQueue;
  /** A version that goes no further, at one target or (problems of the source) at all. */
  readonly refuse: (outcome: Outcome) => Promise<void>;
  /** Nobody will ask for this entry at that target. */
  readonly settle: (target: string, sequence: number) => Promise<void>;
  /** Ends the crawl between two entries. */
  readonly stop?: AbortSignal | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CrawlCounts extends Funnel {
  /** Entries that cannot be used at any target. */
  problems: number;
}

/** Turns the source's entries into items, one a target, and refuses before the first request what no registry would take. */
export async function crawl(options: CrawlOptions, counts: CrawlCounts): Promise<void> {
  const claims = createTagClaims(options.mapping);
  let sequence = 0;
  for await (const chosen of chooseItems({ ...options, filter: options.selection.filter, funnel: counts })) {
    const { item } = chosen;
    if (options.stop?.aborted === true) return;
    const place = sequence++;
    if (item.kind === "entry") await dispatch(options, { entry: item.entry, sequence: place }, claims.take(item.entry, chosen));
    else {
      counts.problems++;
      await refuseProblem(options, item.problem, place);
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
  refusal: Refusal | undefined,
): Promise<void> {
  const { entry, sequence } = place;
  for (const target of options.targets) {
    const goal = refusal ?? mapEntry(options.mapping, entry, target);
    if ("tags" in goal) {
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

function bare({ chart, version, notes, digest }: Pick<SourceEntry, "chart" | "version" | "notes" | "digest">): VersionRecord {
  const layerDigest = digest === undefined ? {} : { layerDigest: digest };
  return { chart, version, status: "refused", ...layerDigest, bytes: 0, attempts: 0, milliseconds: 0, notes };
}
