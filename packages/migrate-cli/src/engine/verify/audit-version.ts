import { chartInManifest, type ChartParts, type ChartSource, type ChartStore, type Digest, type SourceEntry } from "@chartferry/core";

import type { Attempt, Attempting, DeliveryContext } from "../deliver/attempt-delivery.ts";
import { auditBlobs, sameParts } from "./audit-blobs.ts";
import { askSource, auditProvenance, type ComparedProvenance, type ProvenanceOfSource } from "./audit-provenance.ts";
import { type Found, findings, hintOf, isCertain } from "./findings.ts";

export interface AuditOptions {
  readonly source: ChartSource;
  /** Manifests only: neither their blobs nor the source's provenance is asked for. */
  readonly quick: boolean;
  readonly provenance: ComparedProvenance;
}

interface Audit {
  readonly options: AuditOptions;
  readonly context: DeliveryContext;
  readonly store: ChartStore;
  readonly entry: SourceEntry;
  readonly target: string;
  /** Absent where the source is not to be asked. */
  readonly ofSource: ProvenanceOfSource | undefined;
}

interface Standing {
  readonly tag: string;
  readonly manifestDigest: Digest;
  readonly parts: ChartParts;
}

/** Compares what stands under a version's tags with what the source says of it. Nothing is written, no chart is fetched. */
export function auditVersion(options: AuditOptions): Attempting {
  return async ({ item }, context, progress) => {
    const repository = await context.listings.of(item.repository);
    const { entry, target } = item;
    const ofSource = options.quick ? undefined : askSource({ source: options.source, entry, progress, signal: context.signal });
    const audit = { options, context, store: repository.store, entry, target, ofSource };
    const standing: Standing[] = [];
    for (const tag of item.tags) {
      const found = repository.lists(tag) === false ? undefined : await repository.store.fetchManifest(tag, { signal: context.signal });
      const parts = found && chartInManifest(found);
      if (found === undefined) return tell(audit, tag, { finding: "tag-missing" });
      if (parts === undefined) return { ...tell(audit, tag, { finding: "not-a-chart" }), manifestDigest: found.digest };
      standing.push({ tag, manifestDigest: found.digest, parts });
    }
    return judge(audit, standing);
  };
}

/** Each manifest is compared for itself, as a migration compares what stands under each tag. What differs for certain comes first. */
async function judge(audit: Audit, standing: readonly Standing[]): Promise<Attempt> {
  const [first] = standing;
  if (first === undefined) return tell(audit, "", { finding: "tag-missing" });
  let doubt: { readonly standing: Standing; readonly found: Found } | undefined;
  const manifests = [...new Map(standing.toReversed().map((each) => [each.manifestDigest, each])).values()].toReversed();
  for (const each of manifests) {
    const found = await compare(audit, each);
    if (isCertain(found.finding)) return withFacts(tell(audit, each.tag, found), each);
    if (found.finding !== "same") doubt ??= { standing: each, found };
  }
  const other = manifests.find(({ parts }) => !sameParts(parts, first.parts));
  if (other !== undefined) return withFacts(tell(audit, other.tag, { finding: "tags-differ" }), other);
  if (doubt !== undefined) return withFacts(tell(audit, doubt.standing.tag, doubt.found), doubt.standing);
  return { ...withFacts(tell(audit, first.tag, { finding: "same" }), first), notes: notesOn(manifests) };
}

function notesOn(manifests: readonly Standing[]): NonNullable<Attempt["notes"]> {
  if (manifests.length < 2) return [];
  return [{ code: "tags-differ", text: "its tags name different manifests of the same archive and provenance" }];
}

function withFacts(attempt: Attempt, { manifestDigest, parts }: Standing): Attempt {
  return { ...attempt, manifestDigest, layerDigest: parts.layer.digest };
}

/** What the bytes say comes first; that there is nothing to compare with is the least of it. */
async function compare({ store, entry, options, context, ofSource }: Audit, { parts }: Standing): Promise<Found> {
  const { quick, provenance } = options;
  if (entry.digest !== undefined && parts.layer.digest !== entry.digest) return { finding: "chart-differs" };
  const blobs = quick ? undefined : await auditBlobs({ store, entry, signal: context.signal }, parts);
  if (blobs !== undefined) return blobs;
  const signed = await auditProvenance(parts.provenance?.digest, provenance, ofSource);
  return signed ?? { finding: entry.digest === undefined ? "digest-missing" : "same" };
}

function tell({ store, entry, target }: Audit, tag: string, { finding, about, ...own }: Found): Attempt {
  if (finding === "same") return { status: "skipped", reason: finding };
  const place = `${store.registry}/${store.repository}:${tag}`;
  const expected = finding === "chart-differs" && entry.digest !== undefined ? ` (${entry.digest} there)` : "";
  const message = `${place} ${own.text ?? findings[finding].text}${about === undefined ? "" : `: ${about}`}${expected}`;
  const hint = own.hint ?? hintOf(finding, { target, chart: entry.chart });
  return { status: "failed", reason: finding, message, ...(hint === undefined ? {} : { hint }) };
}
