import { systemClock } from "@chartferry/core";

import { exitCodeOf, type ExitCode } from "../exit-codes.ts";
import { migrate } from "../engine/migrate.ts";
import type { MigrateOptions, MigrationTarget } from "../engine/migrate-options.ts";
import type { Report } from "../engine/report.ts";
import { defaultJournalPath } from "../engine/state-folder.ts";
import { createEntryFilter } from "../engine/select-entries.ts";
import { checkReportPlace, reportText, writeReport } from "../engine/write-report.ts";
import { summarize } from "../output/summary.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { beginProgress, type CommandProgress } from "./begin-progress.ts";
import { createdRule } from "./created-policy.ts";
import { type EndFlags, openEnds } from "./open-ends.ts";
import { usage } from "./read-password.ts";
import { mappingOf, selectionOf } from "./selection-flags.ts";

export interface MigrateFlags extends EndFlags {
  readonly refreshProvenance?: boolean;
  readonly existing: NonNullable<MigrateOptions["existing"]>;
  readonly output: "text" | "json";
  readonly report?: string;
  /** `false` = --no-journal. */
  readonly journal?: string | boolean;
  readonly logFormat: "text" | "json";
}

export interface MigrateCommand {
  readonly source: string;
  readonly targets: readonly string[];
  readonly flags: MigrateFlags;
}

export async function runMigrate(command: MigrateCommand, terminal: Terminal): Promise<ExitCode> {
  const { flags } = command;
  if (flags.passwordStdin === true && flags.sourcePasswordStdin === true) {
    throw usage("--password-stdin and --source-password-stdin cannot both read stdin", "give the source's by --source-password-file");
  }
  // Mistakes are told before either end is asked anything.
  createEntryFilter(selectionOf(flags), systemClock.now());
  if (flags.refreshProvenance === true && flags.provenance === "skip") {
    throw usage("--refresh-provenance looks for what --provenance skip leaves out", "leave one of the two out");
  }
  if (flags.report !== undefined) await checkReportPlace(flags.report);
  // Request lines would tear a live view apart.
  const progress = beginProgress(command.targets, { logFormat: flags.logFormat, live: flags.debug !== true }, terminal);
  try {
    return await runBetween(command, progress, terminal);
  } finally {
    progress.end();
  }
}

async function runBetween(command: MigrateCommand, progress: CommandProgress, terminal: Terminal): Promise<ExitCode> {
  const { flags } = command;
  const ends = await openEnds(command, {
    ...terminal,
    onSourcePause: (pause) => progress.sourcePause(pause),
    onTargetPause: (pause, target) => progress.targetPause(pause, target),
  });
  try {
    const options = { ...ends, ...engineOptions(command, terminal) };
    const report = await migrate({ ...options, onEvent: (event) => progress.event(event) });
    return await show(report, { flags, progress, terminal });
  } finally {
    await ends.close();
  }
}

function engineOptions({ flags }: MigrateCommand, terminal: Terminal): Omit<MigrateOptions, "source" | "targets"> {
  const { existing, concurrency, journal, refreshProvenance = false } = flags;
  const journalPath = (target: MigrationTarget, source: string): string =>
    typeof journal === "string" ? journal : defaultJournalPath({ source, target: target.id }, terminal.environment);
  return {
    existing,
    selection: selectionOf(flags),
    mapping: mappingOf(flags),
    refreshProvenance,
    createdPolicy: createdRule(flags, terminal),
    interrupt: terminal.interrupt,
    signal: terminal.abort,
    configuration: withoutSecrets(flags),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(journal === false ? {} : { journalPath }),
  };
}

/** Options hold names of users and files, never a password: those come by stdin and file only. */
function withoutSecrets(flags: MigrateFlags): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(flags).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

interface Shown {
  readonly flags: MigrateFlags;
  readonly progress: CommandProgress;
  readonly terminal: Terminal;
}

async function show(report: Report, { flags, progress, terminal }: Shown): Promise<ExitCode> {
  try {
    progress.end();
    // A report that cannot be written keeps nobody from hearing what happened.
    const unwritten = await keepReport(flags.report, report);
    if (flags.output === "json") for (const piece of reportText(report)) terminal.out(piece);
    else terminal.out(summarize(report, { report: unwritten === undefined ? flags.report : undefined }));
    if (unwritten !== undefined) throw unwritten.error;
    return exitCodeOf(report);
  } finally {
    report.close();
  }
}

/** Why it could not be written; `undefined` when it is there, or nobody asked for it. */
async function keepReport(path: string | undefined, report: Report): Promise<{ readonly error: unknown } | undefined> {
  if (path === undefined) return undefined;
  return writeReport(path, report).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
}
