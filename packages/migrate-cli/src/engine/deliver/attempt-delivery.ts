import {
  ChartferryError,
  copyChart,
  shown,
  type AssembledPackage,
  type ChartPackage,
  type ChartStore,
  type Clock,
  type ExistingPolicy,
  type Note,
} from "@chartferry/core";

import { askTarget } from "./ask-target.ts";
import { completeTags, keepIncomplete, type Standing, standingOf, type TagAnswers } from "./check-tags.ts";
import type { JournalEntry } from "../keep/journal.ts";
import type { Landing } from "./landing.ts";
import { mappedFileNotes } from "../choose/map-entry.ts";
import { isVersionNote, versionNotes } from "../choose/version-notes.ts";
import type { ProvenanceLookUp } from "./provenance-look-up.ts";
import type { Spool } from "../spool/spool.ts";
import { isRecent, type TargetListings, type TargetRepository } from "./target-listings.ts";
import type { VersionRecord, WorkItem } from "../work-item.ts";
import type { Delivery } from "../work-queue.ts";

export interface DeliveryContext {
  readonly spool: Spool;
  readonly listings: TargetListings;
  readonly existing: ExistingPolicy;
  /** What is done with a version whose turn has come. Default: `attemptDelivery`. */
  readonly attempt?: Attempting | undefined;
  /** How a chart travels that must. Default: it is opened and copied. */
  readonly send?: Sender | undefined;
  /** Asks the source for provenance that a version at the target is without; absent = it is not looked for. */
  readonly seekProvenance?: ProvenanceLookUp | undefined;
  /** Whether a version that stands without provenance is a failure, where the source has none to add. */
  readonly requireProvenance?: boolean | undefined;
  /** What provenance the source has by now, for a run that is to make the target equal to it; absent = what is remembered of it is believed. */
  readonly currentProvenance?: ProvenanceLookUp | undefined;
  /** What an earlier run left under the item's tag. */
  readonly recorded: (item: WorkItem) => JournalEntry | undefined;
  readonly clock: Clock;
  /** Ends everything at once. */
  readonly signal?: AbortSignal | undefined;
}

/** Whose failure an error would be. */
export type DeliveryProgress = { stage: "target" | "source" };
/** What becomes of the record, and what stands at the target by then: the record's digests come from there. */
export type Attempt = Partial<VersionRecord> & Pick<VersionRecord, "status"> & { readonly landing?: Landing };

/** @throws whatever the target or the source fails with */
export type Attempting = (delivery: Delivery, context: DeliveryContext, progress: DeliveryProgress) => Promise<Attempt>;
export type Sender = (sending: Sending, context: DeliveryContext, progress: DeliveryProgress) => Promise<Attempt>;

/** One try: what stands at the target, and then as much as is missing there. @throws whatever the target or the source fails with */
export async function attemptDelivery(delivery: Delivery, context: DeliveryContext, progress: DeliveryProgress): Promise<Attempt> {
  const { item } = delivery;
  const repository = await context.listings.of(item.repository);
  const { store } = repository;
  const recorded = context.recorded(item);
  const speaking = speaksFor(recorded, item, context.existing) ? recorded : undefined;
  const question = {
    tags: item.tags,
    existing: context.existing,
    isListed: (tag: string) => (delivery.delivery > 1 ? undefined : isListed(item.known, { tag, repository, clock: context.clock })),
    layerDigest: item.entry.digest,
    recordedDigest: speaking?.manifest,
    seekProvenance: context.seekProvenance !== undefined,
    recordedSigned: context.requireProvenance === true && typeof speaking?.provenance === "string",
  };
  const asked = await askTarget({ item, store, question, recorded }, context, progress);
  const completed = await withProvenance(item, asked.answers, { context, progress });
  const { answers } = completed;
  const standing = standingOf(answers);
  const kept = standing && (await keep({ item, standing, store, recorded }, context));
  const { send = sendPackage } = context;
  // What went away meanwhile is asked for once more, tag by tag.
  const facts = kept ?? (await send({ item, answers: standing === undefined ? answers : new Map(), store }, context, progress));
  return { ...facts, notes: [...asked.notes, ...completed.notes, ...(facts.notes ?? [])] };
}

interface ProvenanceParts {
  readonly context: DeliveryContext;
  readonly progress: DeliveryProgress;
}

/** Where a chart stands without provenance, the source is asked whether there is one by now. */
async function withProvenance(
  { sequence, entry }: WorkItem,
  answers: TagAnswers,
  { context, progress }: ProvenanceParts,
): Promise<{ readonly answers: TagAnswers; readonly notes: readonly Note[] }> {
  const { seekProvenance } = context;
  if (seekProvenance === undefined || ![...answers.values()].some(({ reason }) => reason === "without-provenance"))
    return { answers, notes: [] };
  progress.stage = "source";
  const { found, notes } = await seekProvenance(sequence, entry);
  if (!found && context.requireProvenance === true) throw unsigned(entry);
  progress.stage = "target";
  return { answers: found ? answers : keepIncomplete(answers), notes };
}

function unsigned({ chart, version }: WorkItem["entry"]): ChartferryError {
  return new ChartferryError(`${shown(chart)} ${shown(version)} stands there without provenance, and the source has none`, {
    code: "provenance-missing",
    operation: "find provenance",
    hint: "sign the chart, or use --provenance auto",
  });
}

interface Keeping {
  readonly item: WorkItem;
  readonly standing: Standing;
  readonly store: ChartStore;
  readonly recorded: JournalEntry | undefined;
}

/** What stands stays, under every tag that was asked for. `undefined` = it went away meanwhile. */
async function keep({ item: { entry }, standing, store, recorded }: Keeping, { signal }: DeliveryContext): Promise<Attempt | undefined> {
  const { answer, missing } = standing;
  const proved = answer.reason !== "listed";
  const layerDigest = proved ? (entry.digest ?? recorded?.layer) : undefined;
  const provenance = answer.reason === "listed" ? undefined : answer.provenance;
  if (missing.length === 0) {
    const { manifestDigest, reason } = answer;
    return { status: "skipped", reason, landing: { manifestDigest, layerDigest, proved, provenance } };
  }
  const manifestDigest = await completeTags(store, { ...standing, layerDigest: entry.digest }, { signal });
  if (manifestDigest === undefined) return undefined;
  return { status: "pushed", reason: "tagged", landing: { manifestDigest, layerDigest, proved, provenance } };
}

/**
 * Whether what the journal says of a version still concerns the archive that the source has now. Where the source gives no digest only the
 * download tells. Who compares nothing (`fail`, `trust`) is told by it that an earlier run put this there.
 */
function speaksFor(recorded: JournalEntry | undefined, { entry }: WorkItem, existing: ExistingPolicy): recorded is JournalEntry {
  if (recorded === undefined) return false;
  if (entry.digest === undefined) return existing === "fail" || existing === "trust";
  return recorded.layer === entry.digest;
}

interface ListedQuestion {
  readonly tag: string;
  readonly repository: TargetRepository;
  readonly clock: Clock;
}

/** `undefined` = nobody knows, or knew it long ago. */
function isListed(known: WorkItem["known"], { tag, repository, clock }: ListedQuestion): boolean | undefined {
  if (known.state === "unknown") return repository.lists(tag);
  return isRecent(known.since, clock) ? known.state === "listed" : undefined;
}

export interface Sending {
  readonly item: WorkItem;
  readonly answers: TagAnswers;
  readonly store: ChartStore;
}

export async function sendPackage(
  { item, answers, store }: Sending,
  context: DeliveryContext,
  progress: DeliveryProgress,
): Promise<Attempt> {
  progress.stage = "source";
  const lease = await context.spool.lease(item.sequence, item.entry);
  progress.stage = "target";
  try {
    const options = { tags: item.tags, existing: context.existing, checked: answers, signal: context.signal };
    const { status, reason, bytes, manifestDigest, layerDigest, proved, provenance } = await copyChart(lease.package, store, options);
    const created = lease.package.kind === "assemble" ? { created: lease.package.created } : {};
    const landing = { manifestDigest, layerDigest, proved, provenance };
    return { status, reason, bytes: status === "pushed" ? bytes : 0, notes: notesOn(item, lease.package), landing, ...created };
  } finally {
    await lease.release();
  }
}

/** What the package says of itself, as far as it still holds under the names that it got here. */
export function notesOn(item: WorkItem, moved: ChartPackage): Note[] {
  if (moved.kind === "verbatim") return [...moved.notes];
  const { notes, signedFiles }: AssembledPackage = moved;
  // The archive may spell its version in another way than the tag under which Helm looks for it.
  const own = notes.filter((note) => !isVersionNote(note));
  return [...own, ...versionNotes(item.tags), ...(signedFiles === undefined ? [] : mappedFileNotes(item.entry, item, signedFiles))];
}
