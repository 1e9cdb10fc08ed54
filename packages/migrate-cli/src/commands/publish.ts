import { checkChartFile, type ChartSource } from "@chartferry/core";

import { createFilesSource } from "../engine/files-source.ts";
import { migrate } from "../engine/migrate.ts";
import type { MigrateOptions } from "../engine/migrate-options.ts";
import type { Report } from "../engine/keep/report.ts";
import { reportText } from "../engine/keep/write-report.ts";
import { exitCodeOf, type ExitCode } from "../exit-codes.ts";
import { createFileResults } from "../output/file-results.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { beginProgress, type CommandProgress } from "./begin-progress.ts";
import { type CreatedFlags, givenCreated } from "./created-policy.ts";
import type { TargetFlags } from "./flags.ts";
import type { ClassicFlags } from "./open-source.ts";
import { closeTargets, openTargets, readTargets } from "./open-targets.ts";
import { readAhead } from "./read-ahead.ts";
import { usage } from "./read-password.ts";

export interface PublishFlags extends TargetFlags, CreatedFlags {
  readonly existing: NonNullable<MigrateOptions["existing"]>;
  readonly provenance: ClassicFlags["provenance"];
  readonly output: "text" | "json";
  readonly logFormat: "text" | "json";
}

export interface PublishCommand {
  readonly command: "push" | "publish";
  readonly files: readonly string[];
  readonly targets: readonly string[];
  readonly flags: PublishFlags;
}

/** `publish` and `push`: files to one or many registries. stdout gets one line a chart and target, as soon as it is done: reference and digest. */
export async function runPublish({ command, files, targets: texts, flags }: PublishCommand, outside: Terminal): Promise<ExitCode> {
  if (files.length === 0)
    throw usage(
      "no chart archive is named",
      `chartferry ${command} NAME-VERSION.tgz ${command === "push" ? "oci://HOST/NAMESPACE" : "--to oci://HOST/NAMESPACE"}`,
    );
  const { provenance } = flags;
  const source = createFilesSource(files, {
    provenance,
    created: givenCreated(flags, outside),
  });
  // Mistakes are told before anything is sent: half of what was named is not what was asked for.
  await readTargets(texts, flags);
  for (const file of files) await checkChartFile(file);
  const terminal = await readAhead({ targets: texts, flags }, outside);
  const progress = beginProgress(texts, { logFormat: flags.logFormat, live: false, everyVersion: true }, terminal);
  try {
    return await runBetween({ command, texts, flags, source }, progress, terminal);
  } finally {
    progress.end();
  }
}

interface Publishing {
  readonly command: PublishCommand["command"];
  readonly texts: readonly string[];
  readonly flags: PublishFlags;
  readonly source: ChartSource;
}

async function runBetween({ command, texts, flags, source }: Publishing, progress: CommandProgress, terminal: Terminal): Promise<ExitCode> {
  const targets = await openTargets(texts, { flags, onPause: (pause, target) => progress.targetPause(pause, target) }, terminal);
  const results = createFileResults(
    targets.map(({ id }) => id),
    // The log has the failures and the notes.
    flags.logFormat === "json" ? { out: (text) => terminal.out(text), err: () => {} } : terminal,
  );
  try {
    const report = await migrate({
      command,
      source,
      targets,
      existing: flags.existing,
      listTags: false,
      requireProvenance: flags.provenance === "require",
      configuration: Object.fromEntries(Object.entries(flags)),
      interrupt: terminal.interrupt,
      signal: terminal.abort,
      onEvent: (event) => {
        progress.event(event);
        if (flags.output === "text") results.event(event);
      },
    });
    progress.end();
    results.end();
    return show(report, flags, terminal);
  } finally {
    await closeTargets(targets);
  }
}

function show(report: Report, flags: PublishFlags, terminal: Terminal): ExitCode {
  try {
    if (flags.output === "json") for (const piece of reportText(report)) terminal.out(piece);
    return exitCodeOf(report);
  } finally {
    report.close();
  }
}
