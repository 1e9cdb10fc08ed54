import type { ChartPackage, ChartSource, Note, SourceEntry } from "@chartferry/core";

import { createLaneProgress } from "../deliver/lane-progress.ts";
import { createSpoolDisk } from "./spool-disk.ts";
import { createSpoolShelf } from "./spool-shelf.ts";

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

/** Holds each chart from its one download until every lane has used it: in memory, then on disk, each with a cap. */
export interface Spool {
  readonly counts: SpoolCounts;
  lease(sequence: number, entry: SourceEntry): Promise<Lease>;
  /** The lane has done with this entry, whether it read it or not. */
  settle(lane: string, sequence: number): Promise<void>;
  /** What the report is to say of it. */
  notes(): Note[];
  close(): Promise<void>;
}

/** Bytes. */
export interface SpoolLimits {
  /** Of charts in memory, in use or waiting, those on their way here included. Half of it is for those that wait. Default: 24 MiB. */
  readonly memoryBytes?: number;
  /** Of charts that wait in temporary files. Default: 1 GiB. */
  readonly diskBytes?: number;
}

const defaultMemoryBytes = 24 * 1024 ** 2;
const defaultDiskBytes = 1024 ** 3;

export interface SpoolOptions {
  readonly source: ChartSource;
  readonly lanes: readonly string[];
  readonly limits?: SpoolLimits | undefined;
  readonly signal?: AbortSignal | undefined;
}

export function createSpool({ source, lanes, limits = {}, signal }: SpoolOptions): Spool {
  const { memoryBytes = defaultMemoryBytes, diskBytes = defaultDiskBytes } = limits;
  const progress = createLaneProgress(lanes);
  const disk = createSpoolDisk({ diskBytes });
  const shelf = createSpoolShelf({
    open: (entry, memory) => source.open(entry, { signal, memory }),
    isAwaited: (sequence) => progress.isAwaited(sequence),
    memoryBytes,
    disk,
  });
  return {
    counts: shelf.counts,
    async lease(sequence, entry) {
      const taken = await shelf.take(sequence, entry);
      return { package: taken, release: once(() => shelf.giveBack(sequence)) };
    },
    async settle(lane, sequence) {
      progress.settle(lane, sequence);
      if (!progress.isAwaited(sequence)) await shelf.usedUp(sequence);
    },
    notes: () => disk.notes(),
    async close() {
      await shelf.clear();
      await disk.close();
    },
  };
}

function once(action: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => (result ??= action());
}
