import { exitCodeOf, type ExitCode } from "../exit-codes.ts";
import { migrate } from "../engine/migrate.ts";
import type { MigrateOptions, MigrationTarget } from "../engine/migrate-options.ts";
import type { Report } from "../engine/report.ts";
import { defaultJournalPath } from "../engine/state-folder.ts";
import { createEntryFilter, type Selection } from "../engine/select-entries.ts";
import { checkReportPlace, reportText, writeReport } from "../engine/write-report.ts";
import { summarize } from "../output/summary.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { beginProgress, type CommandProgress } from "./begin-progress.ts";
import type { SourceFlags, TargetFlags } from "./flags.ts";
import { openSource, type ClassicFlags } from "./open-source.ts";
import { closeTargets, openTargets } from "./open-targets.ts";
import { usage } from "./read-password.ts";

export interface MigrateFlags extends SourceFlags, TargetFlags, ClassicFlags, SelectionFlags {
  readonly refreshProvenance?: boolean;
  readonly createdFrom?: string;
  readonly existing: NonNullable<MigrateOptions["existing"]>;
  readonly concurrency?: number;
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
  const { source, traffic } = await openSource(command.source, flags, { ...terminal, onPause: (pause) => progress.sourcePause(pause) });
  const opening = openTargets(
    command.targets,
    { flags, concurrency: flags.concurrency, onPause: (pause, target) => progress.targetPause(pause, target) },
    terminal,
  );
  const targets = await opening.catch(async (error: unknown) => {
    await source.close();
    throw error;
  });
  try {
    const options = { source, targets, sourceTraffic: traffic, ...engineOptions(command, terminal) };
    const report = await migrate({ ...options, onEvent: (event) => progress.event(event) });
    return await show(report, { flags, progress, terminal });
  } finally {
    await source.close();
    await closeTargets(targets);
  }
}

function engineOptions({ flags }: MigrateCommand, terminal: Terminal): Omit<MigrateOptions, "source" | "targets"> {
  const { existing, concurrency, journal } = flags;
  const journalPath = (target: MigrationTarget, source: string): string =>
    typeof journal === "string" ? journal : defaultJournalPath({ source, target: target.id }, terminal.environment);
  return {
    existing,
    selection: selectionOf(flags),
    createdPolicy: createdPolicy(flags, terminal),
    interrupt: terminal.interrupt,
    signal: terminal.abort,
    configuration: withoutSecrets(flags),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(journal === false ? {} : { journalPath }),
  };
}

/** What `created` depends on besides the charts themselves. */
function createdPolicy({ created, helmCompatible }: MigrateFlags, { environment }: Terminal): string {
  if (created !== undefined) return `created=${created}`;
  const epoch = environment["SOURCE_DATE_EPOCH"] ?? "";
  if (epoch !== "") return `epoch=${epoch}`;
  return helmCompatible === true ? "file" : "source";
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
