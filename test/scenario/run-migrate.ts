import { type ChartferryOptions, runChartferry } from "../support/chartferry.ts";

/** The parts of the report that scripts would read; written down here once more, so that a change of the format shows. */
export interface MigrateReport {
  readonly schemaVersion: 1;
  readonly run: { readonly end: string; readonly journals: readonly string[] };
  readonly totals: {
    readonly entries: number;
    readonly excluded: number;
    readonly problems: number;
    readonly downloads: { readonly charts: number; readonly reopened: number; readonly bytes: number };
  };
  readonly versions: readonly MigrateRecord[];
}

export interface MigrateRecord {
  readonly chart: string;
  readonly version: string;
  readonly target?: string;
  readonly repository?: string;
  readonly tag?: string;
  readonly status: "pushed" | "skipped" | "failed" | "refused" | "not-attempted";
  readonly reason?: string;
  readonly message?: string;
  readonly created?: string;
  readonly layerDigest?: string;
  readonly manifestDigest?: string;
  readonly notes: readonly { readonly code: string; readonly text: string }[];
}

export interface MigrateResult {
  readonly code: number;
  readonly stderr: string;
  readonly report: MigrateReport;
}

/** `chartferry migrate … --output json`; fails where stdout is anything but one JSON document. */
export async function runMigrate(args: readonly string[], options: ChartferryOptions): Promise<MigrateResult> {
  const { code, stdout, stderr } = await runChartferry(["migrate", ...args, "--output", "json"], options);
  try {
    return { code, stderr, report: JSON.parse(stdout) };
  } catch (error) {
    throw new Error(`migrate ended with ${code} and printed no report: ${stdout.slice(0, 2000)}\n${stderr.slice(-2000)}`, { cause: error });
  }
}

/** How many versions ended how: `{ pushed: 2023, failed: 3 }`. */
export function countStatuses(report: MigrateReport): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of report.versions) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
