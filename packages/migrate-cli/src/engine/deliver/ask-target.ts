import type { ChartStore, Note } from "@chartferry/core";

import type { DeliveryContext, DeliveryProgress } from "./attempt-delivery.ts";
import { checkTags, standingOf, type TagAnswers, type TagQuestion } from "./check-tags.ts";
import type { JournalEntry } from "../keep/journal.ts";
import type { WorkItem } from "../work-item.ts";

export interface TargetQuestion {
  readonly item: WorkItem;
  readonly store: ChartStore;
  readonly question: TagQuestion;
  readonly recorded: JournalEntry | undefined;
}

export interface TargetAnswer {
  readonly answers: TagAnswers;
  /** Of the source, where it was asked as well. */
  readonly notes: readonly Note[];
}

/**
 * What stands at the target. Where it is what the journal remembers and the run is to make it equal to the source, the source's provenance is
 * compared too: the index tells whether the archive is another one, and nothing of its signature. @throws what target and source fail with
 */
export async function askTarget(
  { item, store, question, recorded }: TargetQuestion,
  { currentProvenance, signal }: DeliveryContext,
  progress: DeliveryProgress,
): Promise<TargetAnswer> {
  const answers = await checkTags(store, question, { signal });
  if (currentProvenance === undefined || standingOf(answers)?.answer.reason !== "unchanged") return { answers, notes: [] };
  progress.stage = "source";
  const { digest = false, notes } = await currentProvenance(item.sequence, item.entry);
  progress.stage = "target";
  if (digest === recorded?.provenance) return { answers, notes };
  return { answers: await checkTags(store, { ...question, recordedDigest: undefined }, { signal }), notes: [] };
}
