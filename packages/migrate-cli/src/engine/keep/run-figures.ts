import type { HostRecord, Totals } from "./report.ts";

/** Where a run stands at this moment. */
export interface RunFigures {
  readonly totals: Totals;
  /** Whether the source is read to its end, so that the number of versions is known. */
  readonly crawled: boolean;
  /** Versions that each target is busy with. */
  readonly inFlight: Readonly<Record<string, number>>;
  /** Targets that are still being connected to: their versions wait. */
  readonly connecting: readonly string[];
  /** What crossed the wire so far. */
  readonly hosts: readonly HostRecord[];
}
