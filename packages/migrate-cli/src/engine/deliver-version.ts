import {
  checkExisting,
  copyChart,
  isChartferryError,
  type ChartStore,
  type Clock,
  type ExistingAnswer,
  type ExistingPolicy,
} from "@chartferry/core";

import { describeFailure, isAbort } from "./describe-failure.ts";
import type { JournalEntry } from "./journal.ts";
import type { Spool } from "./spool.ts";
import { isRecent, type TargetListings, type TargetRepository } from "./target-listings.ts";
import type { VersionRecord, WorkItem } from "./work-item.ts";
import type { Delivery } from "./work-queue.ts";

export interface DeliveryContext {
  readonly spool: Spool;
  readonly listings: TargetListings;
  readonly existing: ExistingPolicy;
  /** What an earlier run left under the item's tag. */
  readonly recorded: (item: WorkItem) => JournalEntry | undefined;
  readonly clock: Clock;
  /** Ends everything at once. */
  readonly signal?: AbortSignal | undefined;
}

export interface DeliveryResult {
  readonly record: VersionRecord;
  /** The failure, where it speaks of the target; the source's failures say nothing about a lane. */
  readonly targetError?: unknown;
}

type Progress = { stage: "target" | "source" };
type Attempt = Partial<VersionRecord> & Pick<VersionRecord, "status">;

/**
 * Times one version is sent when its registry has lost a blob by the time that the manifest comes. All other faults are repeated by the
 * connection, request by request, and so is the waiting for a registry that asks for fewer of them.
 */
const attemptLimit = 3;

/** Brings one version to one target, or says why not. Never rejects. */
export async function deliverVersion(delivery: Delivery, context: DeliveryContext): Promise<DeliveryResult> {
  const { item } = delivery;
  const started = context.clock.now();
  const finish = (attempts: number, facts: Attempt): VersionRecord => ({
    ...recordOf(item),
    attempts,
    milliseconds: Math.round(context.clock.now() - started),
    ...facts,
    notes: [...item.entry.notes, ...(facts.notes ?? [])],
  });
  for (let attempt = 1; ; attempt++) {
    const progress: Progress = { stage: "target" };
    try {
      return { record: finish(attempt, await attemptDelivery(delivery, context, progress)) };
    } catch (error) {
      if (isAbort(error, context.signal)) return { record: finish(attempt, { status: "not-attempted", reason: "interrupted" }) };
      if (attempt < attemptLimit && progress.stage === "target" && isChartferryError(error, "blob-unknown")) continue;
      const record = finish(attempt, { status: "failed", ...describeFailure(error) });
      return progress.stage === "target" ? { record, targetError: error } : { record };
    }
  }
}

/** The facts that a record has before anything was tried. */
export function recordOf({ entry, target, repository, tag }: WorkItem): Omit<VersionRecord, "status"> {
  const { chart, version, digest, notes } = entry;
  const layerDigest = digest === undefined ? {} : { layerDigest: digest };
  return { chart, version, target, repository, tag, ...layerDigest, bytes: 0, attempts: 0, milliseconds: 0, notes };
}

async function attemptDelivery(delivery: Delivery, context: DeliveryContext, progress: Progress): Promise<Attempt> {
  const { item } = delivery;
  const repository = await context.listings.of(item.repository);
  const { store } = repository;
  const listed = delivery.delivery > 1 ? undefined : isListed(item, repository, context.clock);
  const recorded = context.recorded(item);
  const checked = await checkExisting(
    store,
    {
      tag: item.tag,
      existing: context.existing,
      listed,
      layerDigest: item.entry.digest ?? recorded?.layer,
      recordedDigest: speaksFor(recorded, item, context.existing) ? recorded.manifest : undefined,
    },
    { signal: context.signal },
  );
  if (checked.action === "push") return send({ item, listed, checked, store }, context, progress);
  return skipped(item, checked, recorded);
}

function skipped({ entry }: WorkItem, checked: ExistingAnswer & { readonly action: "skip" }, recorded: JournalEntry | undefined): Attempt {
  const { reason, manifestDigest = recorded?.manifest } = checked;
  const layerDigest = reason === "listed" ? undefined : (entry.digest ?? recorded?.layer);
  const layer = layerDigest === undefined ? {} : { layerDigest };
  return { status: "skipped", reason, ...(manifestDigest === undefined ? {} : { manifestDigest }), ...layer };
}

/**
 * Whether what the journal says of a version still concerns the archive that the source has now. Where the source gives no digest it
 * is believed, except under `overwrite`: then only the download tells whether there is something new.
 */
function speaksFor(recorded: JournalEntry | undefined, { entry }: WorkItem, existing: ExistingPolicy): recorded is JournalEntry {
  if (recorded === undefined) return false;
  if (entry.digest === undefined) return existing !== "overwrite";
  return recorded.layer === undefined ? existing !== "overwrite" : recorded.layer === entry.digest;
}

/** `undefined` = nobody knows, or knew it long ago. */
function isListed({ known, tag }: WorkItem, repository: TargetRepository, clock: Clock): boolean | undefined {
  if (known.state === "unknown") return repository.lists(tag);
  return isRecent(known.since, clock) ? known.state === "listed" : undefined;
}

interface Sending {
  readonly item: WorkItem;
  readonly listed: boolean | undefined;
  readonly checked: ExistingAnswer;
  readonly store: ChartStore;
}

async function send({ item, listed, checked, store }: Sending, context: DeliveryContext, progress: Progress): Promise<Attempt> {
  progress.stage = "source";
  const lease = await context.spool.lease(item.sequence, item.entry);
  progress.stage = "target";
  try {
    const options = { tags: [item.tag] as const, existing: context.existing, listed, checked, signal: context.signal };
    const { status, reason, manifestDigest, layerDigest, bytes, notes } = await copyChart(lease.package, store, options);
    const created = lease.package.kind === "assemble" ? { created: lease.package.created } : {};
    const layer = layerDigest === undefined ? {} : { layerDigest };
    return { status, reason, manifestDigest, bytes: status === "pushed" ? bytes : 0, notes, ...layer, ...created };
  } finally {
    await lease.release();
  }
}
