import { isChartferryError, workRepeats } from "@chartferry/core";

import { type Attempt, attemptDelivery, type DeliveryContext, type DeliveryProgress } from "./attempt-delivery.ts";
import { describeFailure, isAbort } from "../describe-failure.ts";
import { digestsOf, type Landing } from "./landing.ts";
import type { VersionRecord, WorkItem } from "../work-item.ts";
import type { Delivery } from "../work-queue.ts";

export interface DeliveryResult {
  readonly record: VersionRecord;
  readonly landing?: Landing | undefined;
  /** The failure, where it speaks of the target; the source's failures say nothing about a lane. */
  readonly targetError?: unknown;
}

/** Times that one version is sent where a blob is gone by the time that the manifest comes. */
const { tries } = workRepeats.version.gone;

/** Brings one version to one target, or says why not. Never rejects. */
export async function deliverVersion(delivery: Delivery, context: DeliveryContext): Promise<DeliveryResult> {
  const { item } = delivery;
  const { attempt: act = attemptDelivery } = context;
  const started = context.clock.now();
  const finish = (attempts: number, { landing, ...facts }: Attempt): VersionRecord => ({
    ...(landing === undefined ? recordOf(item) : { ...identityOf(item), ...digestsOf(landing) }),
    attempts,
    milliseconds: Math.round(context.clock.now() - started),
    ...facts,
    notes: [...item.entry.notes, ...(facts.notes ?? [])],
  });
  for (let attempt = 1; ; attempt++) {
    const progress: DeliveryProgress = { stage: "target" };
    try {
      const facts = await act(delivery, context, progress);
      return { record: finish(attempt, facts), landing: facts.landing };
    } catch (error) {
      if (isAbort(error, context.signal)) return { record: finish(attempt, { status: "not-attempted", reason: "interrupted" }) };
      if (attempt < tries && progress.stage === "target" && isChartferryError(error, "blob-unknown")) continue;
      const record = finish(attempt, { status: "failed", ...describeFailure(error) });
      return progress.stage === "target" ? { record, targetError: error } : { record };
    }
  }
}

/** The facts that a record has before anything was tried. */
export function recordOf(item: WorkItem): Omit<VersionRecord, "status"> {
  const { digest } = item.entry;
  return { ...identityOf(item), ...(digest === undefined ? {} : { layerDigest: digest }) };
}

/** Nothing in it that the source declares of the chart itself: at the target there may be another. */
function identityOf({ entry, target, repository, tags }: WorkItem): Omit<VersionRecord, "status"> {
  const { chart, version, notes } = entry;
  const names = { repository, tag: tags[0], ...(tags.length > 1 ? { tags } : {}) };
  return { chart, version, target, ...names, bytes: 0, attempts: 0, milliseconds: 0, notes };
}
