import {
  chartInManifest,
  type ChartParts,
  type ChartSource,
  type ChartStore,
  type Digest,
  isChartferryError,
  type SoughtProvenance,
  type SourceEntry,
} from "@chartferry/core";

import type { Attempt, Attempting, DeliveryContext, DeliveryProgress } from "../deliver/attempt-delivery.ts";
import { type Finding, findings, hintOf } from "./findings.ts";

export interface AuditOptions {
  readonly source: ChartSource;
  /** Manifests only: neither their blobs nor the source's provenance is asked for. */
  readonly quick: boolean;
  /** Whether provenance is compared. */
  readonly provenance: boolean;
}

interface Audit {
  readonly options: AuditOptions;
  readonly context: DeliveryContext;
  readonly progress: DeliveryProgress;
  readonly store: ChartStore;
  readonly entry: SourceEntry;
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
    const audit = { options, context, progress, store: repository.store, entry: item.entry };
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

async function judge(audit: Audit, standing: readonly Standing[]): Promise<Attempt> {
  const [first] = standing;
  if (first === undefined) return tell(audit, "", { finding: "tag-missing" });
  const other = standing.find(({ manifestDigest }) => manifestDigest !== first.manifestDigest);
  if (other !== undefined) return withFacts(tell(audit, other.tag, { finding: "tags-differ" }), other);
  const found = await compare(audit, first);
  return withFacts(tell(audit, first.tag, found), first);
}

function withFacts(attempt: Attempt, { manifestDigest, parts }: Standing): Attempt {
  return { ...attempt, manifestDigest, layerDigest: parts.layer.digest };
}

interface Found {
  readonly finding: Finding;
  /** The blob that is gone. */
  readonly about?: string;
}

/** What the bytes say comes first; that there is nothing to compare with is the least of it. */
async function compare(audit: Audit, { parts }: Standing): Promise<Found> {
  const { entry, options } = audit;
  if (entry.digest !== undefined && parts.layer.digest !== entry.digest) return { finding: "chart-differs" };
  if (!options.quick) {
    const gone = await missingBlob(audit, parts);
    if (gone !== undefined) return { finding: "blob-missing", about: gone };
    const provenance = options.provenance ? await compareProvenance(audit, parts.provenance?.digest) : "same";
    if (provenance !== "same") return { finding: provenance };
  }
  return { finding: entry.digest === undefined ? "digest-missing" : "same" };
}

async function missingBlob({ store, context }: Audit, { config, layer, provenance }: ChartParts): Promise<Digest | undefined> {
  for (const blob of [config, layer, ...(provenance === undefined ? [] : [provenance])]) {
    if (!(await store.hasBlob(blob.digest, { signal: context.signal }))) return blob.digest;
  }
  return undefined;
}

async function compareProvenance({ options, context, progress, entry }: Audit, standing: Digest | undefined): Promise<Finding> {
  const { source } = options;
  if (source.seekProvenance === undefined) return "same";
  progress.stage = "source";
  const sought = await source.seekProvenance(entry, { signal: context.signal }).catch(absentOr);
  progress.stage = "target";
  if (sought === "cannot tell") return "provenance-unavailable";
  if (sought.found) return standing === undefined ? "provenance-missing" : sought.digest === standing ? "same" : "provenance-differs";
  if (standing === undefined) return "same";
  // A remark says that the source did not answer in plain words.
  return sought.notes.length > 0 ? "provenance-unavailable" : "provenance-unexpected";
}

function absentOr(error: unknown): SoughtProvenance | "cannot tell" {
  if (isChartferryError(error, "provenance-missing")) return { found: false, notes: [] };
  if (isChartferryError(error, "provenance-unavailable")) return "cannot tell";
  throw error;
}

function tell({ store, entry }: Audit, tag: string, { finding, about }: Found): Attempt {
  if (finding === "same") return { status: "skipped", reason: finding };
  const place = `${store.registry}/${store.repository}:${tag}`;
  const expected = finding === "chart-differs" && entry.digest !== undefined ? ` (${entry.digest} there)` : "";
  const message = `${place} ${findings[finding].text}${about === undefined ? "" : `: ${about}`}${expected}`;
  const hint = hintOf(finding);
  return { status: "failed", reason: finding, message, ...(hint === undefined ? {} : { hint }) };
}
