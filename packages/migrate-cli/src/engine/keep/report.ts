import type { Note } from "@chartferry/core";

import type { CrawlCounts } from "../crawl.ts";
import { createFunnel, type ExclusionCounts, type Funnel } from "../choose/funnel.ts";
import type { VersionRecord, VersionStatus } from "../work-item.ts";

/** The report of a run without its records, which may be a million. docs and `report.schema.json` describe the whole. */
export interface ReportHead {
  readonly schemaVersion: 1;
  readonly run: RunFacts;
  readonly totals: Totals;
  readonly hosts: readonly HostRecord[];
}

export interface RunFacts {
  readonly command: string;
  readonly chartferry: string;
  readonly node: string;
  /** RFC 3339, UTC. */
  readonly started: string;
  readonly ended: string;
  /** `source-failed`: the source broke off after some versions; what came before is reported. */
  readonly end: "complete" | "interrupted" | "source-failed";
  /** Why the source broke off, and what to try. */
  readonly problem?: { readonly code: string; readonly message: string; readonly hint?: string };
  readonly source: string;
  /** Remarks on the run as a whole: on its source, such as an index without `apiVersion`, or a journal that could not be written. */
  readonly notes: readonly Note[];
  readonly targets: readonly { readonly id: string; readonly adapter: string }[];
  readonly journals: readonly string[];
  /** Options of the run, without secrets. */
  readonly configuration: Readonly<Record<string, unknown>>;
}

export type StatusCounts = Readonly<Record<VersionStatus, number>>;

export interface Totals {
  /** What the source names. */
  readonly entries: number;
  /** Left out by the selection. */
  readonly excluded: number;
  /** Of these, by each filter that was asked for, in the order in which they are applied. */
  readonly excludedBy: ExclusionCounts;
  /** Entries that cannot be used at any target; they count once, and in no target's figures. */
  readonly problems: number;
  readonly targets: Readonly<Record<string, StatusCounts & { readonly bytes: number }>>;
  readonly downloads: { readonly charts: number; readonly reopened: number; readonly bytes: number };
}

export interface HostRecord {
  readonly end: "source" | "target";
  /** Which target, for that end. */
  readonly target?: string;
  readonly host: string;
  readonly requests: number;
  readonly retries: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Answers that asked for fewer requests (429, 503). */
  readonly throttled: number;
  /** Milliseconds in which requests were held back because of them. */
  readonly pausedMs: number;
}

/** What `migrate` gives back. */
export interface Report extends ReportHead {
  /** In the order of the source, and of the targets within it; may be read more than once until `close`. */
  records(): Iterable<VersionRecord>;
  /** Removes the records' temporary file. */
  close(): void;
}

/** Whether everything that was asked for is at every target. */
export function isComplete({ run, totals }: ReportHead): boolean {
  const counts = Object.values(totals.targets);
  return (
    run.end === "complete" && totals.problems === 0 && counts.every((each) => each.failed + each.refused + each["not-attempted"] === 0)
  );
}

/** Counters that fill up during a run, and a copy of them at any time. */
export function createTotals(
  targets: readonly string[],
  funnel: Funnel = createFunnel(),
): {
  readonly crawl: CrawlCounts;
  add(record: VersionRecord): void;
  snapshot(downloads: Totals["downloads"]): Totals;
} {
  const crawl = { ...funnel, problems: 0 };
  const byTarget = new Map(targets.map((id) => [id, { pushed: 0, skipped: 0, failed: 0, refused: 0, "not-attempted": 0, bytes: 0 }]));
  return {
    crawl,
    add(record) {
      const counts = byTarget.get(record.target ?? "");
      if (counts === undefined) return;
      counts[record.status]++;
      counts.bytes += record.bytes;
    },
    snapshot: ({ charts, reopened, bytes }) => ({
      entries: crawl.entries,
      excluded: crawl.excluded,
      excludedBy: { ...crawl.excludedBy },
      problems: crawl.problems,
      targets: Object.fromEntries([...byTarget].map(([id, counts]) => [id, { ...counts }])),
      downloads: { charts, reopened, bytes },
    }),
  };
}
