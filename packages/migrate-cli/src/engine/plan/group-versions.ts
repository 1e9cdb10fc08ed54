import type { VersionRecord } from "../work-item.ts";
import { type Decision, decisionOf } from "./decisions.ts";
import { asWarning, type Warning } from "./warning-hints.ts";

/** One version of the source, and what would become of it at each target. */
export interface PlannedVersion {
  readonly chart: string;
  readonly version: string;
  /** Digest of the archive, as far as it is known. */
  readonly layerDigest?: string;
  /** One for each target; none where the entry itself cannot be used. */
  readonly targets: readonly PlannedTarget[];
  /** Why no target can have it. */
  readonly problem?: Reason;
  readonly warnings: readonly Warning[];
}

export interface Reason {
  /** An error code, or what was found: `absent`, `unchanged`, `same-chart`, `duplicate-tag` … */
  readonly reason?: string;
  readonly message?: string;
  readonly hint?: string;
}

export interface PlannedTarget extends Reason {
  readonly target: string;
  readonly repository?: string;
  readonly tag?: string;
  /** All of them, where there are several. */
  readonly tags?: readonly string[];
  readonly decision: Decision;
  /** What stands there, where that was seen. */
  readonly manifestDigest?: string;
}

/** The records of a run are one a version and target, targets of a version together: here they become one a version. */
export function* groupVersions(records: Iterable<VersionRecord>): Generator<PlannedVersion, void, undefined> {
  let group: VersionRecord[] = [];
  for (const record of records) {
    if (group.length > 0 && !belongs(group, record)) {
      yield versionOf(group);
      group = [];
    }
    group.push(record);
  }
  if (group.length > 0) yield versionOf(group);
}

function belongs(group: readonly VersionRecord[], { chart, version, target }: VersionRecord): boolean {
  const [first] = group;
  if (first?.target === undefined || target === undefined) return false;
  return first.chart === chart && first.version === version && group.every((other) => other.target !== target);
}

function versionOf(group: readonly VersionRecord[]): PlannedVersion {
  const [first] = group;
  const notes = new Map(group.flatMap((record) => record.notes.map((note) => [`${note.code} ${note.text}`, note])));
  const layerDigest = group.find((record) => record.layerDigest !== undefined)?.layerDigest;
  const problem = first !== undefined && first.target === undefined ? { problem: reasonOf(first) } : {};
  return {
    chart: first?.chart ?? "",
    version: first?.version ?? "",
    ...(layerDigest === undefined ? {} : { layerDigest }),
    targets: group.flatMap(targetOf),
    ...problem,
    warnings: [...notes.values()].map(asWarning),
  };
}

function targetOf(record: VersionRecord): PlannedTarget[] {
  const { target, repository, tag, tags, manifestDigest } = record;
  if (target === undefined) return [];
  return [
    {
      target,
      ...(repository === undefined ? {} : { repository }),
      ...(tag === undefined ? {} : { tag }),
      ...(tags === undefined ? {} : { tags }),
      decision: decisionOf(record),
      ...reasonOf(record),
      ...(manifestDigest === undefined || record.status !== "skipped" ? {} : { manifestDigest }),
    },
  ];
}

function reasonOf({ reason, message, hint }: VersionRecord): Reason {
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    ...(hint === undefined ? {} : { hint }),
  };
}
