import { printable } from "@chartferry/core";

import type { MigrateEvent } from "../engine/migrate-options.ts";
import type { VersionRecord } from "../engine/work-item.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** Shows what became of each file at each target as soon as it is known. */
export interface FileResults {
  event(event: MigrateEvent): void;
  /** Shows what still waits for an earlier file. */
  end(): void;
}

type Output = Pick<Terminal, "out" | "err">;

/** The lines of one target come in the order of the files; those of several targets come as they are done. */
export function createFileResults(targets: readonly string[], terminal: Output): FileResults {
  const lanes = new Map(targets.map((target) => [target, { next: 0, waiting: new Map<number, VersionRecord | undefined>() }]));
  const put = (target: string, sequence: number, record: VersionRecord | undefined): void => {
    const lane = lanes.get(target);
    if (lane === undefined) return;
    lane.waiting.set(sequence, record);
    for (; lane.waiting.has(lane.next); lane.next++) {
      showRecord(lane.waiting.get(lane.next), terminal);
      lane.waiting.delete(lane.next);
    }
  };
  return {
    event(event) {
      if (event.type !== "version") return;
      const { sequence, record } = event;
      if (record.target !== undefined) return put(record.target, sequence, record);
      // No target can use the file: that is said once, and keeps nobody waiting.
      showRecord(record, terminal);
      for (const target of targets) put(target, sequence, undefined);
    },
    end() {
      for (const { waiting } of lanes.values()) {
        for (const sequence of [...waiting.keys()].toSorted((left, right) => left - right)) showRecord(waiting.get(sequence), terminal);
        waiting.clear();
      }
    },
  };
}

function showRecord(record: VersionRecord | undefined, terminal: Output): void {
  if (record === undefined) return;
  const { chart, version, status, manifestDigest = "", notes } = record;
  if (status === "pushed" || status === "skipped") {
    terminal.out(`${printable(placeOf(record))}@${manifestDigest}${status === "skipped" ? " (already there)" : ""}\n`);
  } else showFailure(record, terminal);
  for (const note of notes) terminal.err(`note: ${printable(`${chart} ${version}`)}: ${printable(note.text)}\n`);
}

function placeOf({ chart, version, target, tag }: VersionRecord): string {
  return target === undefined ? `${chart} ${version}`.trim() : `${target}/${chart}:${tag ?? version}`;
}

function showFailure(record: VersionRecord, terminal: Output): void {
  const { status, reason = status, message = status, hint } = record;
  terminal.err(`error: ${printable(placeUnsaid(record, message))}: ${printable(message)} [${printable(reason)}]\n`);
  if (hint !== undefined) terminal.err(`  try: ${printable(hint)}\n`);
}

/** What failed, with as much of its place as the message does not name itself. */
function placeUnsaid(record: VersionRecord, message: string): string {
  const { chart, version, target, repository = chart, tag = version } = record;
  if (target === undefined || !message.includes(serverOf(target))) return placeOf(record);
  return `${message.includes(repository) ? chart : repository}:${tag}`;
}

/** `HOST` of `oci://HOST/NAMESPACE`, `DIR` of `oci-layout:DIR`. */
function serverOf(target: string): string {
  return /^oci:\/\/([^/]*)/.exec(target)?.[1] ?? target.slice(target.indexOf(":") + 1);
}
