import { exitCodeOf, type ExitCode } from "../exit-codes.ts";
import { migrate } from "../engine/migrate.ts";
import type { Report } from "../engine/keep/report.ts";
import { reportText, writeReport } from "../engine/keep/write-report.ts";
import { summarize } from "../output/summary.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { beginProgress, type CommandProgress } from "./begin-progress.ts";
import { checkFiles } from "./check-files.ts";
import { keepHeapSmall } from "./keep-heap-small.ts";
import { openEnds } from "./open-ends.ts";
import { readAhead } from "./read-ahead.ts";
import { checkRunFlags, type RunCommand, type RunFlags, runOptions } from "./run-options.ts";

export async function runMigrate(command: RunCommand<RunFlags>, outside: Terminal): Promise<ExitCode> {
  const { flags } = command;
  checkRunFlags(flags);
  await checkFiles(command, outside);
  keepHeapSmall();
  const terminal = await readAhead(command, outside);
  // Request lines would tear a live view apart.
  const progress = beginProgress(command.targets, { logFormat: flags.logFormat, live: flags.debug !== true }, terminal);
  try {
    return await runBetween(command, progress, terminal);
  } finally {
    progress.end();
  }
}

async function runBetween(command: RunCommand<RunFlags>, progress: CommandProgress, terminal: Terminal): Promise<ExitCode> {
  const { flags } = command;
  const ends = await openEnds(command, {
    ...terminal,
    onSourcePause: (pause) => progress.sourcePause(pause),
    onTargetPause: (pause, target) => progress.targetPause(pause, target),
  });
  try {
    const options = { ...ends, ...runOptions(flags, terminal) };
    const report = await migrate({ ...options, onEvent: (event) => progress.event(event) });
    return await show(report, { flags, progress, terminal });
  } finally {
    await ends.close();
  }
}

interface Shown {
  readonly flags: RunFlags;
  readonly progress: CommandProgress;
  readonly terminal: Terminal;
}

async function show(report: Report, { flags, progress, terminal }: Shown): Promise<ExitCode> {
  try {
    progress.end();
    // A report that cannot be written keeps nobody from hearing what happened.
    const unwritten = await keepReport(flags.report, report);
    if (flags.output === "json") await terminal.outPieces(reportText(report));
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
