import type { VersionRecord } from "../work-item.ts";

/** How a version at a target compares with the source. */
export const auditStates = ["same", "missing", "drifted", "broken", "extra", "unverifiable", "unchecked"] as const;
/**
 * `drifted`: other bytes of chart or provenance; `broken`: the manifest is there and a blob of it is gone; `extra`: the source has no such version;
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
  "tags-differ": { state: "drifted", text: "has two tags that name different manifests" },
  "blob-missing": { state: "broken", text: "names a blob that the registry does not have" },
  "extra-tag": { state: "extra", text: "is not in the source" },
  "extra-repository": { state: "extra", text: "is in a repository that belongs to no chart of the source" },
  "not-a-chart": { state: "unverifiable", text: "holds something that is no Helm chart" },
  "digest-missing": { state: "unverifiable", text: "has no digest in the index to compare with" },
  "provenance-unavailable": { state: "unverifiable", text: "may have a provenance at the source, which cannot be told" },
} as const satisfies Record<string, { state: AuditState; text: string }>;

export type Finding = keyof typeof findings;

const hints: Readonly<Partial<Record<Finding, string>>> = {
  "tag-missing": "run chartferry migrate with the same options",
  "chart-differs": "compare the two; chartferry migrate --existing overwrite replaces what stands there",
  "provenance-differs": "compare the two; chartferry migrate --existing overwrite replaces what stands there",
  "provenance-missing": "run chartferry migrate --refresh-provenance",
  "provenance-unexpected": "compare the two; chartferry migrate --existing overwrite replaces what stands there",
  "tags-differ": "compare the two; chartferry migrate --existing overwrite replaces what stands there",
  "blob-missing": "push the chart again: chartferry push NAME-VERSION.tgz TARGET --existing overwrite",
  "not-a-chart": "look at what the tag names, or choose another namespace for the charts",
  "digest-missing": "regenerate the index with helm repo index",
  "provenance-unavailable": "run again later, or use --provenance skip to leave signatures out of the audit",
};

export function hintOf(finding: Finding): string | undefined {
  return hints[finding];
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
