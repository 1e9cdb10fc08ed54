import type { ChartSource, SourceItem } from "@chartferry/core";

import { leaveOut, passes, type Funnel } from "./funnel.ts";
import { createHashSet, type HashSet } from "../tables/hash-set.ts";
import { hashText } from "../tables/hash-text.ts";
import { keepItem, type KeptItem, restoreItem } from "./kept-item.ts";
import type { ChartVersion, Mapping } from "./mapping.ts";
import { createNewestVersions, type NewestVersions } from "./newest-versions.ts";
import { createOverflowFile, type OverflowFile } from "../tables/overflow-file.ts";
import type { EntryFilter } from "./select-entries.ts";

export interface ChoiceOptions {
  readonly source: ChartSource;
  readonly filter: EntryFilter;
  readonly mapping: Mapping;
  /** Filled while items come. */
  readonly funnel: Funnel;
  /** Ends the items early, and quietly. */
  readonly stop?: AbortSignal | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A version, or an unusable entry, that the selection lets pass. */
export interface ChosenItem {
  readonly item: SourceItem;
  /** Others that were chosen and map to one of its tags: none of them can be taken. */
  readonly rivals: readonly ChartVersion[];
  /** Other charts of the source, chosen or not, whose name this one is given: it cannot be taken. */
  readonly namesakes: readonly string[];
}

/**
 * The source's entries that take part, in the source's order. Where that depends on entries that come later (`latest`, a mapping by which
 * two may meet), the source is read to its end first, with what may still take part in a temporary file: it is asked once only.
 */
export async function* chooseItems(options: ChoiceOptions): AsyncGenerator<ChosenItem, void, undefined> {
  if (options.filter.latest === undefined && !options.mapping.merges) {
    for await (const item of passing(options)) yield { item, rivals: [], namesakes: [] };
    return;
  }
  const kept = createOverflowFile<KeptItem>();
  try {
    const survey = await surveyItems(options, kept);
    if (options.stop?.aborted !== true) yield* surveyed(options, kept, survey);
  } finally {
    kept.close();
  }
}

async function* passing(
  { source, filter, funnel, stop, signal }: ChoiceOptions,
  seen?: (chart: string) => void,
): AsyncGenerator<SourceItem, void, undefined> {
  for await (const item of source.versions({ signal })) {
    if (stop?.aborted === true) return;
    seen?.(factsOf(item).chart);
    if (passes(filter, factsOf(item), funnel)) yield item;
  }
  funnel.whole = true;
}

function factsOf(item: SourceItem): Parameters<EntryFilter["leftOutBy"]>[0] {
  return item.kind === "entry" ? item.entry : item.problem;
}

interface Survey {
  readonly newest: NewestVersions | undefined;
  /** Hashes of usable entries that were kept, some of which `newest` may have let go since. */
  readonly usable: HashSet;
  /** Of the names that the mapping watches, those that charts of the source have. */
  readonly present: ReadonlySet<string>;
}

async function surveyItems(options: ChoiceOptions, kept: OverflowFile<KeptItem>): Promise<Survey> {
  const { filter, mapping, funnel } = options;
  const newest = filter.latest === undefined ? undefined : createNewestVersions(filter.latest);
  const usable = createHashSet();
  const present = new Set<string>();
  const note = (chart: string): void => {
    if (mapping.watched.has(chart)) present.add(chart);
  };
  for await (const item of passing(options, note)) {
    const { chart, version } = factsOf(item);
    if (newest?.add(chart, version) === false) leaveOut(funnel, "latest");
    else {
      kept.add(keepItem(item));
      if (mapping.merges && item.kind === "entry") usable.add(identity({ chart, version }));
    }
  }
  return { newest, usable, present };
}

function* surveyed({ mapping, funnel }: ChoiceOptions, kept: OverflowFile<KeptItem>, survey: Survey): Generator<ChosenItem> {
  const { newest, usable, present } = survey;
  const isChosen = ({ chart, version }: ChartVersion): boolean => newest?.has(chart, version) ?? true;
  const namesakesOf = (chart: string): string[] => mapping.namesakesOf(chart).filter((other) => present.has(other));
  const isRival = (other: ChartVersion): boolean => usable.has(identity(other)) && isChosen(other) && namesakesOf(other.chart).length === 0;
  const withOthers = (item: SourceItem): ChosenItem => {
    const namesakes = item.kind === "problem" ? [] : namesakesOf(item.entry.chart);
    if (item.kind === "problem" || namesakes.length > 0) return { item, rivals: [], namesakes };
    return { item, rivals: mapping.rivalsOf(item.entry).filter(isRival), namesakes };
  };
  while (kept.length > 0) {
    for (const item of kept.takeBatch().map((each) => restoreItem(each))) {
      if (isChosen(factsOf(item))) yield withOthers(item);
      else leaveOut(funnel, "latest");
    }
  }
}

function identity({ chart, version }: ChartVersion): number {
  return hashText(`${chart}\n${version}`);
}
