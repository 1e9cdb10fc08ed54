import { systemClock } from "@chartferry/core";

import type { MigrateOptions, MigrationTarget } from "../engine/migrate-options.ts";
import { createEntryFilter } from "../engine/choose/select-entries.ts";
import { defaultJournalPath } from "../engine/keep/state-folder.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { createdRule } from "./created-policy.ts";
import type { EndFlags } from "./open-ends.ts";
import { usage } from "./read-password.ts";
import { mappingOf, selectionOf } from "./selection-flags.ts";

/** What migrate, plan and verify are asked alike. */
export interface RunFlags extends EndFlags {
  readonly refreshProvenance?: boolean;
  readonly existing?: NonNullable<MigrateOptions["existing"]>;
  readonly output: "text" | "json";
  readonly logFormat: "text" | "json";
  readonly report?: string;
  /** `false` = --no-journal. */
  readonly journal?: string | boolean;
}

export interface RunCommand<Flags extends RunFlags> {
  readonly source: string;
  readonly targets: readonly string[];
  readonly flags: Flags;
}

/** Mistakes are told before either end is asked anything. @throws usage */
export function checkRunFlags(flags: RunFlags): void {
  if (flags.passwordStdin === true && flags.sourcePasswordStdin === true) {
    throw usage("--password-stdin and --source-password-stdin cannot both read stdin", "give the source's by --source-password-file");
  }
  createEntryFilter(selectionOf(flags), systemClock.now());
  if (flags.refreshProvenance === true && flags.provenance === "skip") {
    throw usage("--refresh-provenance looks for what --provenance skip leaves out", "leave one of the two out");
  }
}

/** What the engine is to do, as the options say. */
export function runOptions(flags: RunFlags, terminal: Terminal): Omit<MigrateOptions, "source" | "targets"> {
  const { existing, concurrency, journal, provenance, refreshProvenance = false } = flags;
  const journalPath = (target: MigrationTarget, source: string): string =>
    typeof journal === "string" ? journal : defaultJournalPath({ source, target: target.id }, terminal.environment);
  return {
    selection: selectionOf(flags),
    mapping: mappingOf(flags),
    refreshProvenance,
    requireProvenance: provenance === "require",
    createdPolicy: createdRule(flags, terminal),
    interrupt: terminal.interrupt,
    signal: terminal.abort,
    configuration: inOrder(flags),
    ...(existing === undefined ? {} : { existing }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(journal === false ? {} : { journalPath }),
  };
}

/** For the report. Options hold names of users and files, never a password: those come by stdin and file only. */
function inOrder(flags: RunFlags): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(flags).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
