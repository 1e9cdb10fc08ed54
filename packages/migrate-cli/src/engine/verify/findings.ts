import { shown } from "@chartferry/core";

import type { VersionRecord } from "../work-item.ts";

/** How a version at a target compares with the source. */
export const auditStates = ["same", "missing", "drifted", "broken", "extra", "unverifiable", "unchecked"] as const;
/**
 * `drifted`: another chart, its metadata, its provenance, or no chart at all; `broken`: the manifest is there and a blob of it is gone or damaged; `extra`: the source has no such version;
 * `unverifiable`: there is nothing to compare with; `unchecked`: the target or the source could not be asked.
 */
export type AuditState = (typeof auditStates)[number];

/** Everything that an audit may find, by the reason in its record. */
export const findings = {
  same: { state: "same", text: "stands there as the source has it" },
  "tag-missing": { state: "missing", text: "is not at the target" },
  "chart-differs": { state: "drifted", text: "holds another chart archive than the source" },
  "provenance-differs": { state: "drifted", text: "holds another provenance than the source" },
  "provenance-missing": { state: "drifted", text: "has no provenance, the source has one" },
  "provenance-unexpected": { state: "drifted", text: "has a provenance, the source has none" },
  "config-differs": { state: "drifted", text: "has metadata that are not those of this chart and version" },
  "tags-differ": { state: "drifted", text: "has two tags that name different archives or provenances" },
  "not-a-chart": { state: "drifted", text: "holds something that is no Helm chart" },
  "blob-missing": { state: "broken", text: "names a blob that the registry does not have" },
  "blob-damaged": { state: "broken", text: "names a blob that the registry has in another length or with other bytes" },
  "extra-tag": { state: "extra", text: "is not in the source" },
  "extra-repository": { state: "extra", text: "is in a repository that belongs to no chart of the source" },
  "digest-missing": { state: "unverifiable", text: "has no digest in the index to compare with" },
  "provenance-unavailable": { state: "unverifiable", text: "may have a provenance at the source, which cannot be told" },
} as const satisfies Record<string, { state: AuditState; text: string }>;

export type Finding = keyof typeof findings;

/** What was found of one version. */
export interface Found {
  readonly finding: Finding;
  /** The blob that it is about. */
  readonly about?: string;
  /** Where the usual words do not fit. */
  readonly text?: string;
  readonly hint?: string;
}

/** Whether it is a difference, rather than a want of something to compare with. */
export function isCertain(finding: Finding): boolean {
  const { state } = findings[finding];
  return state !== "same" && state !== "unverifiable";
}

const hints: Readonly<Partial<Record<Finding, string>>> = {
  "tag-missing": "run chartferry migrate with the same options",
  "chart-differs": "compare the two; chartferry migrate --existing overwrite replaces what stands there",
  "provenance-differs": "compare the two; chartferry migrate --existing overwrite replaces what stands there",
  "provenance-missing": "run chartferry migrate --refresh-provenance",
  "provenance-unexpected": "compare the two; chartferry migrate --existing overwrite replaces what stands there",
  "config-differs": "look at it; chartferry migrate --existing overwrite --no-journal replaces what stands there",
  "tags-differ": "compare the two; chartferry migrate --existing overwrite --no-journal makes them one",
  "not-a-chart": "look at what the tag names, or choose another namespace for the charts",
  "digest-missing": "regenerate the index with helm repo index",
  "provenance-unavailable": "run again later, or use --provenance skip to leave signatures out of the audit",
};

/** Where a version is looked for: the id of the target, and the chart as the source calls it. */
export interface FindingPlace {
  readonly target: string;
  readonly chart: string;
}

export function hintOf(finding: Finding, place: FindingPlace): string | undefined {
  return finding === "blob-missing" || finding === "blob-damaged" ? repairOf(place) : hints[finding];
}

/** The creation time is taken from what stands there, so that its manifest stays what it is, whoever has pushed it. */
function repairOf({ target, chart }: FindingPlace): string {
  const options = `--existing overwrite --no-journal --created-from ${shown(target)} --chart ${shown(chart)}`;
  return `run chartferry migrate with the same options and ${options}: it brings the blobs again, and the digest stays`;
}

function isFinding(reason: string): reason is Finding {
  return Object.hasOwn(findings, reason);
}

/** What the record of an audit says. Entries that nobody can use have nothing that could be compared; those that no registry takes are not there. */
export function stateOf({ status, reason = "", target }: Pick<VersionRecord, "status" | "reason" | "target">): AuditState {
  if (status === "refused") return target === undefined ? "unverifiable" : "missing";
  if (status === "not-attempted" || !isFinding(reason)) return "unchecked";
  return findings[reason].state;
}
