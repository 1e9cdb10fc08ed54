import { ChartferryError, isChartferryError, type Clock } from "@chartferry/core";

import { createAdaptiveWindow } from "./adaptive-window.ts";
import { createCircuit } from "./circuit.ts";
import { deliverVersion, recordOf, type DeliveryContext } from "./deliver-version.ts";
import { describeFailure, interruption } from "./describe-failure.ts";
import type { VersionRecord } from "./work-item.ts";
import type { Delivery, WorkQueue } from "./work-queue.ts";

export interface LaneOptions {
  readonly target: string;
  readonly queue: WorkQueue;
  readonly delivery: Omit<DeliveryContext, "pause">;
  /** Versions in flight at most. */
  readonly concurrency: number;
  readonly clock: Clock;
  /** Nothing new is begun once this is aborted; what is in flight ends. */
  readonly stop?: AbortSignal | undefined;
  /** Called once when the lane gives up on its target. */
  readonly onStopped?: (error: ChartferryError) => void;
  /** Called whenever the lane lets its registry rest. */
  readonly onPause?: DeliveryContext["pause"];
  /** Ends the run: a fault that is neither the target's nor the source's. */
  readonly abort: () => void;
}

/** Works through the items of one target, on its own: another target's trouble is none of its business. @throws a fault of our own, at the end */
export async function runLane(options: LaneOptions): Promise<void> {
  const { queue, target, clock } = options;
  const window = createAdaptiveWindow(options.concurrency, clock, options.stop);
  const circuit = createCircuit();
  const pause: DeliveryContext["pause"] = (milliseconds, cause) => {
    window.pause(milliseconds);
    options.delivery.listings.distrust();
    options.onPause?.(milliseconds, cause);
  };
  const context: DeliveryContext = { ...options.delivery, pause };
  const settle = (error: unknown): "well" | "throttled" | "neither" => {
    if (error === undefined) circuit.succeeded();
    else if (isChartferryError(error)) {
      const before = circuit.openedBy;
      circuit.failed(error);
      if (before === undefined && circuit.openedBy !== undefined) options.onStopped?.(error);
    }
    return error === undefined ? "well" : isChartferryError(error, "rate-limited", "unavailable") ? "throttled" : "neither";
  };
  const handle = async (delivery: Delivery): Promise<"well" | "throttled" | "neither"> => {
    const { item } = delivery;
    const refusal = refuse(delivery, { stopped: options.stop?.aborted === true, openedBy: circuit.openedBy });
    const { record, targetError } = refusal === undefined ? await deliverVersion(delivery, context) : { record: refusal };
    await context.spool.settle(target, item.sequence);
    await delivery.ack({ sequence: item.sequence, record });
    return refusal !== undefined || isSourceFailure(record, targetError) ? "neither" : settle(targetError);
  };
  const running = new Set<Promise<void>>();
  let fault: { readonly error: unknown } | undefined;
  const fail = (error: unknown): "neither" => {
    fault ??= { error };
    options.abort();
    return "neither";
  };
  for (;;) {
    if (circuit.openedBy === undefined && options.stop?.aborted !== true) await window.enter();
    else await Promise.all(running);
    const delivery = await queue.take(target);
    if (delivery === undefined) break;
    const task = handle(delivery)
      .catch(fail)
      .then((how) => window.leave(how))
      .finally(() => running.delete(task));
    running.add(task);
  }
  await Promise.all(running);
  if (fault !== undefined) throw fault.error;
}

/** A version that the source could not give says nothing of the target. */
function isSourceFailure(record: VersionRecord, targetError: unknown): boolean {
  return record.status === "not-attempted" || (record.status === "failed" && targetError === undefined);
}

function refuse(
  { item }: Delivery,
  { stopped, openedBy }: { readonly stopped: boolean; readonly openedBy: ChartferryError | undefined },
): VersionRecord | undefined {
  if (stopped) return { ...recordOf(item), status: "not-attempted", reason: "interrupted", hint: interruption().hint ?? "" };
  if (openedBy === undefined) return undefined;
  return { ...recordOf(item), status: "not-attempted", ...describeFailure(openedBy), reason: "target-stopped" };
}
