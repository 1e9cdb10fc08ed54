import { parseClassicLocation, parseTarget, printable } from "@chartferry/core";

import { isWithin, realPlace } from "../engine/real-place.ts";
import { stateFolder } from "../engine/keep/state-folder.ts";
import { checkReportPlace } from "../engine/keep/write-report.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { SourceFlags, TargetFlags } from "./flags.ts";
import { usage } from "./read-password.ts";
import type { RunCommand, RunFlags } from "./run-options.ts";

/** What the run must not write over by the way: a file, or all that lies in a folder. */
interface Kept {
  readonly path: string;
  readonly what: string;
}

type Outside = Pick<Terminal, "environment">;

/**
 * Whether `--journal` and `--report` lie where they take the place of nothing that the run itself reads or writes, and whether the report can be
 * written. @throws usage, file-unwritable, disk-full
 */
export async function checkFiles(command: RunCommand<RunFlags>, { environment }: Outside): Promise<void> {
  const { report, journal } = command.flags;
  const kept = [...sourceFolder(command.source), ...layouts(command), ...filesRead(command.flags)];
  if (typeof journal === "string") await checkPlace("journal", journal, kept);
  if (report === undefined) return;
  const journals = typeof journal === "string" ? [journal, `${journal}.lock`].map((path) => ({ path, what: "the journal" })) : [];
  const state = { path: stateFolder(environment), what: "in the state folder, where the journals are" };
  await checkPlace("report", report, [...kept, ...journals, state]);
  await checkReportPlace(report);
}

/** @throws usage */
async function checkPlace(option: "journal" | "report", path: string, kept: readonly Kept[]): Promise<void> {
  const place = await realPlace(path);
  for (const { path: other, what } of kept) {
    if (!isWithin(place, await realPlace(other))) continue;
    throw usage(`the ${option} ${printable(path)} would be ${what}`, `choose another place with --${option} FILE`);
  }
}

function sourceFolder(source: string): readonly Kept[] {
  if (source.startsWith("oci:") || source.startsWith("oci-layout:")) return [];
  const location = parseClassicLocation(source);
  return location.kind === "folder" ? [{ path: location.directory, what: "in the source's folder" }] : [];
}

function layouts({ targets, flags: { createdFrom } }: RunCommand<RunFlags>): readonly Kept[] {
  const places = [...targets, ...(createdFrom === undefined ? [] : [createdFrom])].map((text) => parseTarget(text));
  return places.flatMap((place) => (place.kind === "oci-layout" ? [{ path: place.directory, what: "in the folder of a target" }] : []));
}

function filesRead(flags: RunFlags): readonly Kept[] {
  return filesNamed(flags).map((path) => ({ path, what: "a file that the run reads" }));
}

/** What the options name to sign in with. */
export function filesNamed(flags: SourceFlags & TargetFlags): readonly string[] {
  const { caFile, certFile, keyFile, registryConfig } = flags;
  const { sourceCaFile, sourceCertFile, sourceKeyFile, sourceRegistryConfig, sourcePasswordFile } = flags;
  const read = [caFile, certFile, keyFile, registryConfig, sourceCaFile, sourceCertFile, sourceKeyFile, sourceRegistryConfig];
  return [...read, sourcePasswordFile].filter((path) => path !== undefined);
}
