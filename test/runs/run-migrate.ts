import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import { type ChartferryOptions, runChartferry } from "../support/chartferry.ts";
import type { ProgramResult } from "../support/run-program.ts";
import { parseReport, type ReadReport, readReport } from "./read-report.ts";

export interface MigrateRun extends ProgramResult {
  /** Absent when the run ended before there was anything to report. */
  readonly report: ReadReport | undefined;
}

/** `chartferry migrate` with a report file; `home` keeps the journal between runs. */
export async function runMigrate(args: readonly string[], options: ChartferryOptions): Promise<MigrateRun> {
  mkdirSync(options.home, { recursive: true });
  const file = join(options.home, `report-${(reports += 1)}.json`);
  const result = await runChartferry(["migrate", ...args, "--report", file], options);
  return { ...result, report: existsSync(file) ? readReport(file) : undefined };
}

let reports = 0;

/** The report of a run that must have one. */
export function reportOf({ report, stderr }: MigrateRun): ReadReport {
  if (report === undefined) throw new Error(`no report was written:\n${stderr}`);
  return report;
}

export interface PrintedMigration {
  readonly code: number;
  readonly stderr: string;
  readonly report: ReadReport;
}

/** `chartferry migrate … --output json`; fails where stdout is anything but one JSON document. */
export async function migrateToJson(args: readonly string[], options: ChartferryOptions): Promise<PrintedMigration> {
  const { code, stdout, stderr } = await runChartferry(["migrate", ...args, "--output", "json"], options);
  try {
    return { code, stderr, report: parseReport(stdout) };
  } catch (error) {
    throw new Error(`migrate ended with ${code} and printed no report: ${stdout.slice(0, 2000)}\n${stderr.slice(-2000)}`, { cause: error });
  }
}
