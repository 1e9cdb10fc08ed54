import { type ChartferryError, isChartferryError } from "@chartferry/core";

export interface OpeningWatch {
  /** Ends the wait: nothing is begun any more. */
  readonly stop?: AbortSignal | undefined;
  /** Told of a fault that is no failure of the target's. */
  readonly fail: (error: unknown) => void;
}

/** Waits until a target can be used, or the run is stopped. Resolves with why it never will be. */
export async function awaitOpened(
  opened: Promise<unknown> | undefined,
  { stop, fail }: OpeningWatch,
): Promise<ChartferryError | undefined> {
  const over = new AbortController();
  const stopped = new Promise<void>((resolve) => stop?.addEventListener("abort", () => resolve(), { signal: over.signal }));
  try {
    if (stop?.aborted !== true) await Promise.race([opened, stopped]);
  } catch (error) {
    if (stop?.aborted === true) return undefined;
    if (isChartferryError(error)) return error;
    fail(error);
  } finally {
    over.abort();
  }
  return undefined;
}

/** Names the targets that are still being connected to, whenever it is asked. */
export function watchOpening(targets: readonly { readonly id: string; readonly opened?: Promise<unknown> }[]): () => readonly string[] {
  const connecting = new Set<string>();
  for (const { id, opened } of targets) {
    if (opened === undefined) continue;
    connecting.add(id);
    const settled = (): void => void connecting.delete(id);
    opened.then(settled, settled);
  }
  return () => [...connecting];
}
