import type { Clock } from "../../clock.ts";
import { ChartferryError } from "../../errors.ts";

export interface Waiting {
  readonly clock: Clock;
  /** Ends the request itself. */
  readonly signal?: AbortSignal | undefined;
  /** Ends all waiting; what is on its way goes on. */
  readonly stopWaiting?: AbortSignal | undefined;
  readonly operation: string;
  /** Host and port. */
  readonly registry: string | undefined;
}

/** Sleeps, and ends at once when either signal says so. @throws aborted */
export async function waitUnlessStopped(milliseconds: number, waiting: Waiting): Promise<void> {
  const { clock, signal, stopWaiting } = waiting;
  const woken = new AbortController();
  const wake = (): void => woken.abort();
  const watched = [signal, stopWaiting].filter((each) => each !== undefined);
  try {
    if (watched.some(({ aborted }) => aborted)) wake();
    for (const each of watched) each.addEventListener("abort", wake);
    await clock.sleep(milliseconds, woken.signal);
  } catch (cause) {
    throw stoppedWaiting(waiting, cause);
  } finally {
    for (const each of watched) each.removeEventListener("abort", wake);
  }
}

/** For a wait that was cut short by us, not by the other side. */
export function stoppedWaiting({ operation, registry }: Pick<Waiting, "operation" | "registry">, cause?: unknown): ChartferryError {
  return new ChartferryError("interrupted", {
    code: "aborted",
    operation,
    registry,
    cause,
    hint: "run the same command again to carry on",
  });
}
