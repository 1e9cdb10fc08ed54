import { parseClassicLocation, parseTarget, printable } from "@chartferry/core";

import { isWithin, realPlace } from "../engine/real-place.ts";
import { stateFolder } from "../engine/keep/state-folder.ts";
import { checkReportPlace } from "../engine/keep/write-report.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { usage } from "./read-password.ts";
import type { RunCommand, RunFlags } from "./run-options.ts";

/** What a report must not be written over: a file, or all that lies in a folder. */
interface Kept {
  readonly path: string;
  readonly what: string;
}

/** Whether `--report` can be written, and does not take the place of what the run itself reads or writes. @throws usage, file-unwritable, disk-full */
export async function checkReport(command: RunCommand<RunFlags>, { environment }: Pick<Terminal, "environment">): Promise<void> {
  const { report } = command.flags;
  if (report === undefined) return;
  const place = await realPlace(report);
  const kept = [...sourceFolder(command.source), ...layouts(command), ...files(command.flags)];
  kept.push({ path: stateFolder(environment), what: "in the state folder, where the journals are" });
  for (const { path, what } of kept) {
    if (isWithin(place, await realPlace(path))) throw refused(report, what);
  }
  await checkReportPlace(report);
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

function files(flags: RunFlags): readonly Kept[] {
  const { journal, caFile, certFile, keyFile, registryConfig } = flags;
  const { sourceCaFile, sourceCertFile, sourceKeyFile, sourceRegistryConfig, sourcePasswordFile } = flags;
  const read = [caFile, certFile, keyFile, registryConfig, sourceCaFile, sourceCertFile, sourceKeyFile, sourceRegistryConfig];
  const journals = typeof journal === "string" ? [journal, `${journal}.lock`] : [];
  return [
    ...journals.map((path) => ({ path, what: "the journal" })),
    ...[...read, sourcePasswordFile].flatMap((path) => (path === undefined ? [] : [{ path, what: "a file that the run reads" }])),
  ];
}

function refused(report: string, what: string): Error {
  return usage(`the report ${printable(report)} would be ${what}`, "choose another place with --report FILE");
}
