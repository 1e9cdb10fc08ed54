import { ChartferryError, type ChartSource, type ExistingAnswer, isChartferryError, type Note, shown } from "@chartferry/core";

import { attemptDelivery, notesOn, sendPackage } from "../deliver/attempt-delivery.ts";
import type { Attempting, DeliveryContext, DeliveryProgress, Sender } from "../deliver/attempt-delivery.ts";
import { describeFailure } from "../describe-failure.ts";
import { mappedFileNotes, savedFile } from "../choose/map-entry.ts";
import type { Spool } from "../spool/spool.ts";
import type { TargetListings } from "../deliver/target-listings.ts";
import type { WorkItem } from "../work-item.ts";
import { isDecided, undecided } from "./decisions.ts";
import { fileOf, type FormerHomes, indexWarnings } from "./index-warnings.ts";
import { lookingStore } from "./looking-store.ts";
import { packageWarnings } from "./package-warnings.ts";

export interface PlanVersionOptions {
  readonly source: ChartSource;
  readonly homes: FormerHomes;
  /** Opens every chart. */
  readonly deep: boolean;
  /** Whether provenance travels. */
  readonly provenance: boolean;
  /** What is to be known before the first push to a new repository of a target. */
  readonly newRepository: (item: WorkItem) => Note | undefined;
  /** Whether the target does not tell who only looks that a repository is not there yet. */
  readonly hidesMissing: (item: WorkItem) => boolean;
}

interface Planning {
  readonly options: PlanVersionOptions;
  readonly item: WorkItem;
  readonly context: DeliveryContext;
  readonly progress: DeliveryProgress;
  /** Whether the target refused what it may merely not have. */
  hidden: boolean;
  /** Filled on the way, and kept where the version turns out to fail. */
  readonly notes: Note[];
}

/** Says of each version what a migration would do with it: the migration's own attempt, at a store that only looks. */
export function planVersion(options: PlanVersionOptions): Attempting {
  return async (delivery, context, progress) => {
    const { item } = delivery;
    const planning = { options, item, context, progress, hidden: false, notes: notesFromIndex(item, options) };
    try {
      const decided = await attemptDelivery(delivery, lookingContext(planning), progress);
      if (options.deep && decided.status === "skipped") await openStanding(planning);
      return { ...decided, notes: [...planning.notes, ...(decided.notes ?? [])] };
    } catch (error) {
      if (!isDecided(error)) throw error;
      return { status: "failed", ...describeFailure(error), notes: planning.notes };
    }
  };
}

function notesFromIndex(item: WorkItem, { homes, provenance, deep }: PlanVersionOptions): Note[] {
  // An opened chart tells which files its provenance names, if it has one.
  const { entry, repository, tags } = item;
  const file = fileOf(entry);
  // A provenance most likely names the file as it lies there: what is saved under that very name verifies.
  const others = tags.filter((tag) => savedFile(repository, tag) !== file);
  const mapped = provenance && !deep ? mappedFileNotes(entry, { repository, tags: others }) : [];
  return [...indexWarnings(entry, tags, { homes, provenance, deep, repository }), ...mapped];
}

function lookingContext(planning: Planning): DeliveryContext {
  const { context, options } = planning;
  const listings = lookingListings(planning);
  return options.deep
    ? { ...context, listings, spool: readingSpool(planning), send: lookAndSend(planning) }
    : { ...context, listings, send: foresee(planning) };
}

function lookingListings(planning: Planning): TargetListings {
  const { context, options, item } = planning;
  const whenHidden = options.hidesMissing(item) ? () => (planning.hidden = true) : undefined;
  return {
    async of(name) {
      const repository = await context.listings.of(name);
      return { ...repository, store: lookingStore(repository.store, whenHidden) };
    },
  };
}

/** Without the chart: it counts as sent, unless the source already says that it will not give it. */
function foresee(planning: Planning): Sender {
  return async ({ answers }) => {
    await lookAhead(planning);
    await lookForProvenance(planning);
    const open = [...answers.values()].find((answer) => isOpen(answer, planning.item));
    if (open !== undefined) {
      const why = open.reason === "unknown-layer" ? "something stands there, and the index has no digest" : "another push stands there";
      const message = `${why}: whether it is the same is known only when the chart is opened`;
      return { status: "not-attempted", reason: undecided, message, hint: "plan with --deep to open every chart" };
    }
    const [first] = answers.values();
    return { status: "pushed", reason: first?.reason ?? "absent" };
  };
}

/** Without a digest nothing can be compared; where the same archive is to be overwritten, its manifest may be the same as well. */
function isOpen(answer: ExistingAnswer, { entry }: WorkItem): boolean {
  return (
    answer.reason === "unknown-layer" || (answer.reason === "overwrite" && answer.standingLayer === (entry.digest ?? answer.standingLayer))
  );
}

/** With the chart: the copy itself decides. */
function lookAndSend(planning: Planning): Sender {
  return async (...sending) => {
    await lookAhead(planning);
    return sendPackage(...sending);
  };
}

async function lookAhead({ options, item, context, progress, notes, hidden }: Planning): Promise<void> {
  const repository = await context.listings.of(item.repository);
  const first = repository.listed === 0 || hidden ? options.newRepository(item) : undefined;
  if (first !== undefined) notes.push(first);
  progress.stage = "source";
  const { fault, notes: foreseen = [] } = (await options.source.foresee?.(item.entry, { signal: context.signal })) ?? {};
  notes.push(...foreseen);
  if (fault !== undefined) throw fault;
  progress.stage = "target";
}

/** A chart that is opened says itself whether it is signed; one that is not would be downloaded for that, where the source must be asked for no more. */
async function lookForProvenance({ options: { source }, item, context, progress, notes }: Planning): Promise<void> {
  const { requireProvenance, seekProvenance } = context;
  // A source that cannot be asked keeps its provenance within the package.
  if (requireProvenance !== true || seekProvenance === undefined || source.seekProvenance === undefined) return;
  progress.stage = "source";
  const sought = await seekProvenance(item.sequence, item.entry);
  if (!sought.found) throw unsigned(item.entry);
  notes.push(...sought.notes);
  progress.stage = "target";
}

function unsigned({ chart, version }: WorkItem["entry"]): ChartferryError {
  return new ChartferryError(`the source has no provenance of ${shown(chart)} ${shown(version)}`, {
    code: "provenance-missing",
    operation: "find provenance",
    hint: "sign the chart, or use --provenance auto",
  });
}

/** What each package says of itself is noted, whatever is decided then. */
function readingSpool({ item, options, context: { spool }, notes }: Planning): Spool {
  return {
    ...spool,
    async lease(sequence, entry) {
      const lease = await spool.lease(sequence, entry);
      notes.push(...packageWarnings(lease.package, item.entry, options.homes), ...notesOn(item, lease.package));
      return lease;
    },
  };
}

/** A chart that is there already is opened too; where the source cannot give it, that changes nothing for the target. */
async function openStanding(planning: Planning): Promise<void> {
  const { item, notes } = planning;
  try {
    const lease = await readingSpool(planning).lease(item.sequence, item.entry);
    await lease.release();
  } catch (error) {
    if (!isChartferryError(error) || error.code === "aborted") throw error;
    const { code, message, hint } = error;
    notes.push({ code: "source-cannot-give-it", text: `${message} [${code}]`, ...(hint === undefined ? {} : { hint }) });
  }
}
