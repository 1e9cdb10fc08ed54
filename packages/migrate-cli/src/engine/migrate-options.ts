import type { ChartferryError, ChartSource, Clock, Connection, ExistingPolicy, HostTraffic, Note } from "@chartferry/core";

import type { MappingOptions } from "./choose/mapping.ts";
import type { Totals } from "./keep/report.ts";
import type { RunFigures } from "./keep/run-figures.ts";
import type { Selection } from "./choose/select-entries.ts";
import type { SpoolLimits } from "./spool/spool.ts";
import type { VersionRecord } from "./work-item.ts";

/** One place that the charts go to. The caller opens the connection and closes it. */
export interface MigrationTarget {
  /** `oci://host/namespace` or `oci-layout:DIR`: as in report and journal. */
  readonly id: string;
  readonly connection: Connection;
  /**
   * Settles once the connection can be used, or never will be: until then nothing is asked of this target, and the others go on. Where it rejects,
   * none of its versions is tried. Absent = it can be used at once.
   */
  readonly opened?: Promise<unknown>;
  /** Path that chart names are joined to; empty = the registry's root. */
  readonly namespace: string;
}

export interface MigrateOptions {
  /** The caller closes it. */
  readonly source: ChartSource;
  readonly targets: readonly MigrationTarget[];
  readonly selection?: Selection;
  /** How names and tags at the targets are derived. Default: they stay as they are. */
  readonly mapping?: MappingOptions;
  /** Default: verify. */
  readonly existing?: ExistingPolicy;
  /**
   * Whether versions that stand at a target without provenance are completed where the source has one by now. Costs a manifest GET for each
   * version that is there, and a look beside the chart for each without. Default: false.
   */
  readonly refreshProvenance?: boolean;
  /**
   * Whether a version may stand at a target only with provenance: one without is completed, or fails. Costs what `refreshProvenance` does, but a HEAD
   * for those whose provenance the journal remembers. Default: false.
   */
  readonly requireProvenance?: boolean;
  /** What decides `created`, in words that are equal when the rule is: part of the journal's key. Default: empty. */
  readonly createdPolicy?: string;
  /** For the report. Default: migrate. */
  readonly command?: string;
  /** Whether each repository's tags are listed, once. Not worth it for a few versions: then each tag is asked for. Default: true. */
  readonly listTags?: boolean;
  /** Versions in flight per target at most. Default: 16. A registry that asks for fewer requests is waited for by its connection. */
  readonly concurrency?: number;
  /** What charts may take while they wait for the targets that lag. */
  readonly spool?: SpoolLimits;
  /** The journal's file for a target and the source's id; undefined = none for it. Equal paths share one file. */
  readonly journalPath?: (target: MigrationTarget, source: string) => string | undefined;
  /** For the report: the options of the run, without secrets. */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /** What crossed the wire to the source so far. */
  readonly sourceTraffic?: () => Readonly<Record<string, HostTraffic>>;
  readonly onEvent?: (event: MigrateEvent) => void;
  /** Once aborted, what is in flight may end within `graceMs`; then the report is made. */
  readonly interrupt?: AbortSignal;
  /** Default: 30 seconds. */
  readonly graceMs?: number;
  /** Once aborted, everything ends at once. The report is still made. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

export type MigrateEvent =
  /** The run begins; `figures` tells where it stands, whenever it is asked. */
  | { readonly type: "started"; readonly figures: () => RunFigures }
  | { readonly type: "journal"; readonly path: string }
  /** One version is done with at one target, or (without a target) of no use to any. `sequence`: its place in the source's order, from 0. */
  | { readonly type: "version"; readonly sequence: number; readonly record: VersionRecord; readonly totals: Totals }
  /** The source is read to its end: from now on the number of versions is known. */
  | { readonly type: "crawled"; readonly totals: Totals }
  /** A remark on the run as a whole that its report has too. */
  | { readonly type: "note"; readonly note: Note }
  | { readonly type: "target-stopped"; readonly target: string; readonly error: ChartferryError };
