import type { ChartPackage, ChartSource, SourceEntry } from "@chartferry/core";

import { createLaneProgress } from "./lane-progress.ts";
import { createSpoolShelf, type Slot } from "./spool-shelf.ts";

/** A package in use by one lane. */
export interface Lease {
  readonly package: ChartPackage;
  release(): Promise<void>;
}

export interface SpoolCounts {
  /** Charts read from the source. */
  readonly charts: number;
  /** Of these, read again because a lane lagged beyond the cap. */
  readonly reopened: number;
  /** Bytes of layers and provenance read from the source. */
  readonly bytes: number;
}

/** Holds each chart from its one download until every lane has used it, within a cap. */
export interface Spool {
  readonly counts: SpoolCounts;
  lease(sequence: number, entry: SourceEntry): Promise<Lease>;
  /** The lane has done with this entry, whether it read it or not. */
  settle(lane: string, sequence: number): Promise<void>;
  close(): Promise<void>;
}

export interface SpoolOptions {
  readonly source: ChartSource;
  readonly lanes: readonly string[];
  /** Bytes that charts not in use may take, and at which no new chart is opened while others are in use. */
  readonly capacityBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export function createSpool({ source, lanes, capacityBytes, signal }: SpoolOptions): Spool {
  const progress = createLaneProgress(lanes);
  const shelf = createSpoolShelf((entry) => source.open(entry, { signal }), capacityBytes);
  const release = async (sequence: number, slot: Slot): Promise<void> => {
    slot.leases--;
    shelf.freed.wake();
    if (slot.leases > 0) return;
    if (!progress.isAwaited(sequence)) await shelf.drop(sequence, "used up");
    else if (shelf.isOverfull()) await shelf.drop(sequence, "for room");
  };
  return {
    counts: shelf.counts,
    async lease(sequence, entry) {
      if (!shelf.has(sequence)) await shelf.makeRoom();
      // No wait between finding the slot and counting the lease: else it could be dropped in between.
      const slot = shelf.take(sequence, entry);
      slot.leases++;
      try {
        return { package: await slot.opening, release: once(() => release(sequence, slot)) };
      } catch (error) {
        slot.leases--;
        throw error;
      }
    },
    async settle(lane, sequence) {
      progress.settle(lane, sequence);
      if (!progress.isAwaited(sequence)) await shelf.drop(sequence, "used up");
    },
    close: () => shelf.clear(),
  };
}

function once(action: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => (result ??= action());
}
