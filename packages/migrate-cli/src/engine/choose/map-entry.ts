import { chartRepository, type Connection, type Note, tagOf, versionOf } from "@chartferry/core";

import { describeFailure } from "../describe-failure.ts";
import type { ChartVersion, Mapping } from "./mapping.ts";
import type { VersionRecord } from "../work-item.ts";

/** What is known of a target before it is connected to. */
export interface MappingTarget {
  readonly namespace: string;
}

/** Where a version goes at one target. */
export interface MappedVersion {
  readonly repository: string;
  /** The first is the one that Helm finds by range. */
  readonly tags: readonly [string, ...string[]];
}

/** Why a version is not sent at all. */
export type Refusal = Pick<VersionRecord, "reason" | "message" | "hint">;

export function mapEntry(mapping: Mapping, { chart, version }: ChartVersion, target: MappingTarget): MappedVersion | Refusal {
  try {
    const repository = chartRepository(target.namespace, mapping.nameOf(chart));
    const [first, ...others] = mapping.versionsOf(version);
    const tags = [tagOf(first), ...others.map((other) => tagOf(other))] as const;
    return { repository, tags };
  } catch (error) {
    return describeFailure(error);
  }
}

/** What the target's kind of registry has against a name that others would take. Known once it is connected to: an adapter may be chosen by its first answer. */
export function nameRefusal({ nameProblems }: Pick<Connection, "nameProblems">, repository: string): Refusal | undefined {
  const [problem] = nameProblems(repository);
  if (problem === undefined) return undefined;
  return { reason: "name-invalid", message: problem.text, ...(problem.hint === undefined ? {} : { hint: problem.hint }) };
}

/** Two entries that map to one tag: whichever came second would take the other's place, so neither is taken. */
export function rivalRefusal({ chart, version }: ChartVersion, rivals: readonly ChartVersion[]): Refusal {
  const others = rivals.map((rival) => `${rival.chart} ${rival.version}`).join(" and ");
  return {
    reason: "duplicate-tag",
    message: `${chart} ${version} and ${others} map to one tag: none of them is taken`,
    hint: "leave all but one out with --exclude or --version, or change --v-prefix or --rename",
  };
}

/** A chart that is given the name of another one: whoever asked that repository for the newest version would get now the one, now the other. */
export function namesakeRefusal(chart: string, name: string, namesakes: readonly string[]): Refusal {
  const others = namesakes.map((other) => (other === name ? other : `${other}, which is renamed to ${name} too`)).join(" and ");
  return {
    reason: "duplicate-name",
    message: `${chart} is renamed to ${name}, and the source has another chart there: ${others}`,
    hint: `choose a name of its own: --rename ${chart}=NAME`,
  };
}

/**
 * A provenance names a file, and `helm pull --verify` looks for the one that it saves: named by repository and tag. Told where that is no longer
 * the name that the source's own repository gave it. `signedFiles` are those that the provenance names; without them it is not known
 * whether there is one.
 */
export function mappedFileNotes(
  { chart, version }: ChartVersion,
  { repository, tags }: { readonly repository: string; readonly tags: readonly string[] },
  signedFiles?: readonly string[],
): Note[] {
  const files = tags.map((tag) => savedFile(repository, tag));
  const lost = files.filter((file) => file !== `${chart}-${version}.tgz` && signedFiles?.includes(file) !== true);
  if (lost.length === 0) return [];
  const unless = signedFiles === undefined ? "if it has a provenance, " : "";
  const text = `${unless}helm pull --verify will fail: it saves the chart as ${lost.join(" or ")}, which the provenance does not name`;
  return [{ code: "provenance-mapped", text }];
}

/** As `helm pull` names it, whatever the archive says of itself. */
export function savedFile(repository: string, tag: string): string {
  return `${repository.slice(repository.lastIndexOf("/") + 1)}-${versionOf(tag)}.tgz`;
}
