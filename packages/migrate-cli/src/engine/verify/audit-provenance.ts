import { type ChartSource, type Digest, isChartferryError, type SoughtProvenance, type SourceEntry } from "@chartferry/core";

import type { DeliveryProgress } from "../deliver/attempt-delivery.ts";
import type { Found } from "./findings.ts";

/** `require`: a version without provenance differs from what is wanted, also where the source has none. */
export type ComparedProvenance = "compare" | "require" | "skip";

/** What the source has; `undefined` = it cannot have one apart from its packages, or nobody asked. */
export type ProvenanceOfSource = () => Promise<SoughtProvenance | "cannot tell" | undefined>;

export interface SourceQuestion {
  readonly source: ChartSource;
  readonly entry: SourceEntry;
  readonly progress: DeliveryProgress;
  readonly signal?: AbortSignal | undefined;
}

/** Asks the source once, when it is first called. */
export function askSource({ source, entry, progress, signal }: SourceQuestion): ProvenanceOfSource {
  let asked: ReturnType<ProvenanceOfSource> | undefined;
  const ask: ProvenanceOfSource = async () => {
    if (source.seekProvenance === undefined) return undefined;
    progress.stage = "source";
    const sought = await source.seekProvenance(entry, { signal }).catch(absentOr);
    progress.stage = "target";
    return sought;
  };
  return () => (asked ??= ask());
}

function absentOr(error: unknown): SoughtProvenance | "cannot tell" {
  if (isChartferryError(error, "provenance-missing")) return { found: false, notes: [] };
  if (isChartferryError(error, "provenance-unavailable")) return "cannot tell";
  throw error;
}

const wanting: Found = {
  finding: "provenance-missing",
  text: "has no provenance, and --provenance require wants one",
  hint: "sign the chart and run chartferry migrate --provenance require, or use --provenance auto",
};

/** Compares what stands there with what the source has; `ofSource` undefined = nobody may be asked. */
export async function auditProvenance(
  standing: Digest | undefined,
  wanted: ComparedProvenance,
  ofSource: ProvenanceOfSource | undefined,
): Promise<Found | undefined> {
  if (wanted === "skip") return undefined;
  const found = differenceTo(standing, await ofSource?.());
  const isWanting = wanted === "require" && standing === undefined && found?.finding !== "provenance-missing";
  return isWanting ? wanting : found;
}

function differenceTo(standing: Digest | undefined, sought: Awaited<ReturnType<ProvenanceOfSource>>): Found | undefined {
  if (sought === undefined) return undefined;
  if (sought === "cannot tell") return { finding: "provenance-unavailable" };
  if (standing === undefined) return sought.found ? { finding: "provenance-missing" } : undefined;
  if (sought.found) return sought.digest === standing ? undefined : { finding: "provenance-differs" };
  // A remark says that the source did not answer in plain words.
  return { finding: sought.notes.length > 0 ? "provenance-unavailable" : "provenance-unexpected" };
}
