import type { ChartPackage } from "@chartferry/core";

import type { StoredChart } from "./spool-disk.ts";

/** One chart that some lane has yet to get. */
export interface Slot {
  /** Lanes that use it. */
  leases: number;
  /** In memory or on its way there; absent while the chart is on disk alone. */
  opening: Promise<ChartPackage> | undefined;
  package: ChartPackage | undefined;
  /** Bytes of memory that are reserved for it. */
  memory: number;
  stored: StoredChart | undefined;
  /** On its way to the disk. */
  moving: boolean;
}

export function emptySlot(): Slot {
  return { leases: 0, opening: undefined, package: undefined, memory: 0, stored: undefined, moving: false };
}
