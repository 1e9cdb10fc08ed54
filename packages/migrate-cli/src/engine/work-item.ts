import type { Digest, Note, SourceEntry } from "@chartferry/core";

import type { Landing } from "./deliver/landing.ts";

/** One version on its way to one target: self-contained and serialisable, so that any process may take it. Never a credential. */
export interface WorkItem {
  /** Place in the order of the source, from 0; together with the target it names the item. */
  readonly sequence: number;
  /** Id of the run's configuration, where the policies stand. */
  readonly run: string;
  /** `ChartSource.id`. */
  readonly source: string;
  /** Chart, version, candidate urls, digest and `created` as the source gives them. */
  readonly entry: SourceEntry;
  /** `MigrationTarget.id`. */
  readonly target: string;
  /** Path at the target's registry. */
  readonly repository: string;
  /** All that must name the version's manifest; the first is the one that Helm finds by range. */
  readonly tags: readonly [string, ...string[]];
  readonly known: TagKnowledge;
}

/** What is known of the tags at the target, and since when (milliseconds since 1970). Unknown = the lane asks its own listing. */
export type TagKnowledge = { readonly state: "unknown" } | { readonly state: "absent" | "listed"; readonly since: number };

export const versionStatuses = ["pushed", "skipped", "failed", "refused", "not-attempted"] as const;
/** `refused` = never sent, because of what the entry says; `not-attempted` = its lane had stopped or the run was interrupted. */
export type VersionStatus = (typeof versionStatuses)[number];

/** What became of one version at one target: a record of the report. */
export interface VersionRecord {
  readonly chart: string;
  readonly version: string;
  /** Absent where the source's entry itself cannot be used, whatever the target. */
  readonly target?: string;
  readonly repository?: string;
  readonly tag?: string;
  /** All of its tags, where there are several; `tag` is the first. */
  readonly tags?: readonly string[];
  readonly status: VersionStatus;
  /** An error code, or what was found or done: `copied`, `identical`, `listed`, `unchanged`, `same-chart`, `duplicate-tag`, `interrupted` … */
  readonly reason?: string;
  /** One sentence on a failure. */
  readonly message?: string;
  /** What to try next. */
  readonly hint?: string;
  /** `created` as written into the manifest. */
  readonly created?: string;
  /** Where the version was brought or left: of the chart that stands there, as far as that is known. Otherwise as the source declares it. */
  readonly layerDigest?: Digest;
  /** As it stands at the target. */
  readonly manifestDigest?: Digest;
  /** Of a version that was pushed: bytes of its blobs and its manifest, those that the registry had already included. Otherwise 0. */
  readonly bytes: number;
  readonly attempts: number;
  readonly milliseconds: number;
  readonly notes: readonly Note[];
}

/** What a lane hands back for an item. */
export interface Outcome {
  readonly sequence: number;
  readonly record: VersionRecord;
  /** Absent where nothing was brought or found. */
  readonly landing?: Landing | undefined;
}
