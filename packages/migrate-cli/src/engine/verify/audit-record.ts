import type { Note } from "@chartferry/core";

import type { VersionRecord } from "../work-item.ts";
import { type AuditState, stateOf } from "./findings.ts";

/** What was found of one version at one target. */
export interface AuditRecord {
  readonly chart: string;
  readonly version: string;
  /** Absent where the source's entry itself cannot be used, whatever the target. */
  readonly target?: string;
  readonly repository?: string;
  readonly tag?: string;
  readonly tags?: readonly string[];
  readonly state: AuditState;
  /** What was found, or the code of the error that kept it from being looked at. */
  readonly reason?: string;
  readonly message?: string;
  readonly hint?: string;
  /** Of what stands at the target; of what the source says, where nothing stands there. */
  readonly layerDigest?: string;
  readonly manifestDigest?: string;
  readonly notes: readonly Note[];
}

export function auditRecord(record: VersionRecord): AuditRecord {
  const { chart, version, target, repository, tag, tags, reason, message, hint, layerDigest, manifestDigest, notes } = record;
  const optional = { target, repository, tag, tags, reason, message, hint, layerDigest, manifestDigest };
  const present = Object.entries(optional).filter(([, value]) => value !== undefined);
  return { chart, version, ...Object.fromEntries(present), state: stateOf(record), notes };
}
