import { readFileSync } from "node:fs";

/** A report as a user's script would read it: only what the tests look at. */
export interface ReadReport {
  readonly schemaVersion: 1;
  readonly run: {
    readonly end: string;
    readonly source: string;
    readonly targets: readonly { readonly id: string; readonly adapter: string }[];
    readonly journals: readonly string[];
    readonly notes: readonly { readonly code: string; readonly text: string }[];
    readonly problem?: { readonly code: string; readonly message: string };
  };
  readonly totals: {
    readonly entries: number;
    readonly excluded: number;
    readonly excludedBy: Readonly<Record<string, number>>;
    readonly problems: number;
    readonly targets: Readonly<Record<string, Readonly<Record<string, number>>>>;
    readonly downloads: { readonly charts: number; readonly reopened: number; readonly bytes: number };
  };
  readonly hosts: readonly {
    readonly end: string;
    readonly host: string;
    readonly requests: number;
    readonly throttled: number;
    readonly pausedMs: number;
  }[];
  readonly versions: readonly ReadVersion[];
}

export interface ReadVersion {
  readonly chart: string;
  readonly version: string;
  readonly target?: string;
  readonly repository?: string;
  readonly tag?: string;
  readonly tags?: readonly string[];
  readonly status: "pushed" | "skipped" | "failed" | "refused" | "not-attempted";
  readonly reason?: string;
  readonly message?: string;
  readonly hint?: string;
  readonly created?: string;
  readonly layerDigest?: string;
  readonly manifestDigest?: string;
  readonly notes: readonly { readonly code: string; readonly text: string }[];
}

export function parseReport(text: string): ReadReport {
  const report: ReadReport = JSON.parse(text);
  return report;
}

export function readReport(path: string): ReadReport {
  return parseReport(readFileSync(path, "utf8"));
}

/** `name version: status reason`, one line a version. */
export function statusLines({ versions }: ReadReport): string[] {
  return versions.map(({ chart, version, status, reason }) => `${chart} ${version}: ${status}${reason === undefined ? "" : ` ${reason}`}`);
}

/** How many versions ended how: `{ pushed: 2023, failed: 3 }`. */
export function countStatuses({ versions }: ReadReport): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of versions) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
