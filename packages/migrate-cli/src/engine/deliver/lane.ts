import { type ChartferryError, type Connection, isChartferryError } from "@chartferry/core";

import { createWakeUp } from "../tables/bounded-channel.ts";
import { awaitOpened } from "./await-opened.ts";
import { createCircuit, type FailedWork } from "./circuit.ts";
import type { DeliveryContext } from "./attempt-delivery.ts";
import { deliverVersion, type DeliveryResult, recordOf } from "./deliver-version.ts";
import { describeFailure, interruption } from "../describe-failure.ts";
import { nameRefusal } from "../choose/map-entry.ts";
import type { VersionRecord } from "../work-item.ts";
import type { Delivery, WorkQueue } from "../work-queue.ts";

export interface LaneOptions {
  readonly target: string;
  /** See `MigrationTarget`. */
  readonly opened?: Promise<unknown> | undefined;
  /** What its kind of registry has against names. */
  readonly naming: Pick<Connection, "nameProblems">;
  readonly queue: WorkQueue;
  readonly delivery: DeliveryContext;
  /** Versions in flight at most. Its connection sees to it that a registry which asks for fewer requests gets fewer. */
  readonly concurrency: number;
  /** Nothing new is begun once this is aborted; what is in flight ends. */
  readonly stop?: AbortSignal | undefined;
  /** Called once when the lane gives up on its target. */
  readonly onStopped?: (error: ChartferryError) => void;
  /** Ends the run: a fault that is neither the target's nor the source's. */
  readonly abort: () => void;
}

/**
 * Works through the items of one target, on its own: another target's trouble is none of its business. Begins when the target is open. Resolves
 * with what the target failed with last, where nothing more is worth asking there. @throws a fault of our own, at the end
 */
export async function runLane(options: LaneOptions): Promise<ChartferryError | undefined> {
  const { queue, target, delivery: context } = options;
  const circuit = createCircuit();
  let fault: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    fault ??= { error };
    options.abort();
  };
  const unopened = await awaitOpened(options.opened, { stop: options.stop, fail });
  if (unopened !== undefined) options.onStopped?.(unopened);
  const settle = (error: unknown, work: FailedWork): void => {
    if (error === undefined) return circuit.succeeded();
    if (!isChartferryError(error)) return;
    const before = circuit.openedBy;
    circuit.failed(error, work);
    if (before === undefined && circuit.openedBy !== undefined) options.onStopped?.(error);
  };
  const handle = async (delivery: Delivery): Promise<void> => {
    const { item } = delivery;
    const servedBefore = circuit.served;
    const { repository } = item;
    const openedBy = circuit.openedBy ?? circuit.stoppedFor(repository);
    const refusal = refuse(delivery, { stop: options.stop, naming: options.naming, unopened, openedBy });
    const { targetError, ...result }: DeliveryResult =
      refusal === undefined ? await deliverVersion(delivery, context) : { record: refusal };
    await context.spool.settle(target, item.sequence);
    await delivery.ack({ sequence: item.sequence, ...result });
    if (refusal === undefined && !isSourceFailure(result.record, targetError)) settle(targetError, { repository, servedBefore });
  };
  const running = new Set<Promise<void>>();
  const freed = createWakeUp();
  const isOver = (): boolean => (unopened ?? circuit.openedBy) !== undefined || options.stop?.aborted === true;
  for (;;) {
    // A lane that is over refuses what is left, one by one: nothing is to pile up.
    while (running.size >= (isOver() ? 1 : options.concurrency)) await freed.wait();
    const delivery = await queue.take(target);
    if (delivery === undefined) break;
    const task = handle(delivery)
      .catch(fail)
      .finally(() => {
        running.delete(task);
        freed.wake();
      });
    running.add(task);
  }
  await Promise.all(running);
  if (fault !== undefined) throw fault.error;
  return unopened ?? circuit.trouble;
}

/** A version that the source could not give says nothing of the target. */
function isSourceFailure(record: VersionRecord, targetError: unknown): boolean {
  return record.status === "not-attempted" || (record.status === "failed" && targetError === undefined);
}

interface LaneState extends Pick<LaneOptions, "stop" | "naming"> {
  /** Why the target could not be connected to. */
  readonly unopened: ChartferryError | undefined;
  /** Why nothing more is sent to it, or to the repository. */
  readonly openedBy: ChartferryError | undefined;
}

function refuse({ item }: Delivery, { stop, naming, unopened, openedBy }: LaneState): VersionRecord | undefined {
  if (stop?.aborted === true) return { ...recordOf(item), status: "not-attempted", reason: "interrupted", hint: interruption().hint ?? "" };
  if (unopened !== undefined) return { ...recordOf(item), status: "not-attempted", ...describeFailure(unopened) };
  const refusal = nameRefusal(naming, item.repository);
  if (refusal !== undefined) return { ...recordOf(item), status: "refused", ...refusal };
  if (openedBy === undefined) return undefined;
  return { ...recordOf(item), status: "not-attempted", ...describeFailure(openedBy), reason: "target-stopped" };
}
