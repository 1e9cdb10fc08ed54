import { systemClock, printable } from "@chartferry/core";

import { createFilesSource } from "../engine/files-source.ts";
import { migrate } from "../engine/migrate.ts";
import type { MigrateOptions } from "../engine/migrate-options.ts";
import { isComplete, type Report } from "../engine/report.ts";
import type { VersionRecord } from "../engine/work-item.ts";
import { reportText } from "../engine/write-report.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { createProgress } from "../output/progress.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { type CreatedFlags, givenCreated } from "./created-policy.ts";
import type { TargetFlags } from "./flags.ts";
import type { ClassicFlags } from "./open-source.ts";
import { closeTargets, openTargets } from "./open-targets.ts";
import { usage } from "./read-password.ts";

export interface PublishFlags extends TargetFlags, CreatedFlags {
  readonly existing: NonNullable<MigrateOptions["existing"]>;
  readonly provenance: ClassicFlags["provenance"];
  readonly output: "text" | "json";
}

export interface PublishCommand {
  readonly command: "push" | "publish";
  readonly files: readonly string[];
  readonly targets: readonly string[];
  readonly flags: PublishFlags;
}

/** `publish` and `push`: files to one or many registries. stdout gets one line a chart and target: reference and digest. */
export async function runPublish({ command, files, targets: texts, flags }: PublishCommand, terminal: Terminal): Promise<ExitCode> {
  if (files.length === 0)
    throw usage(
      "no chart archive is named",
      `chartferry ${command} NAME-VERSION.tgz ${command === "push" ? "oci://HOST/NAMESPACE" : "--to oci://HOST/NAMESPACE"}`,
    );
  const { provenance, existing } = flags;
  const source = createFilesSource(files, {
    provenance,
    created: givenCreated(flags, terminal),
  });
  const targets = await openTargets(texts, { flags }, terminal);
  const progress = await createProgress({
    terminal: { ...terminal, live: undefined },
    targets: texts,
    logFormat: "text",
    clock: systemClock,
  });
  try {
    const report = await migrate({
      command,
      source,
      targets,
      existing,
      listTags: false,
      maxWaitMs: flags.maxWait,
      configuration: Object.fromEntries(Object.entries(flags)),
      interrupt: terminal.interrupt,
      signal: terminal.abort,
      onEvent: (event) => progress.event(event),
    });
    return show(report, flags, terminal);
  } finally {
    await closeTargets(targets);
  }
}

function show(report: Report, flags: PublishFlags, terminal: Terminal): ExitCode {
  try {
    if (flags.output === "json") for (const piece of reportText(report)) terminal.out(piece);
    else for (const record of report.records()) showRecord(record, terminal);
    if (report.run.end === "interrupted") return exitCodes.interrupted;
    if (isComplete(report)) return exitCodes.done;
    return report.totals.problems === report.totals.entries ? exitCodes.usage : exitCodes.someFailed;
  } finally {
    report.close();
  }
}

function showRecord(record: VersionRecord, terminal: Terminal): void {
  const { chart, version, status, manifestDigest = "", notes } = record;
  const place = printable(placeOf(record));
  if (status === "pushed" || status === "skipped") {
    terminal.out(`${place}@${manifestDigest}${status === "skipped" ? " (already there)" : ""}\n`);
  } else showFailure(place, record, terminal);
  for (const note of notes) terminal.err(`note: ${printable(`${chart} ${version}`)}: ${printable(note.text)}\n`);
}

function placeOf({ chart, version, target, tag }: VersionRecord): string {
  return target === undefined ? `${chart} ${version}`.trim() : `${target}/${chart}:${tag ?? version}`;
}

function showFailure(place: string, { status, reason = status, message = status, hint }: VersionRecord, terminal: Terminal): void {
  terminal.err(`error: ${place}: ${printable(message)} [${printable(reason)}]\n`);
  if (hint !== undefined) terminal.err(`  try: ${printable(hint)}\n`);
}
