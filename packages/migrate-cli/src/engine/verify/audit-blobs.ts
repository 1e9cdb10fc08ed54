import { blobState, checkIdentity, type ChartParts, type ChartStore, type Descriptor, isChartferryError } from "@chartferry/core";
import type { SourceEntry } from "@chartferry/core";

import type { Found } from "./findings.ts";

/** Bytes. Helm loads no Chart.yaml above 5 MiB, and its metadata are its JSON. */
const largestConfig = 8 * 1024 * 1024;

export interface BlobAudit {
  readonly store: ChartStore;
  readonly entry: SourceEntry;
  readonly signal?: AbortSignal | undefined;
}

/** The metadata are read, since they are small and say whose chart it is; of archive and provenance the length is asked for. */
export async function auditBlobs(audit: BlobAudit, { config, layer, provenance }: ChartParts): Promise<Found | undefined> {
  const { store, signal } = audit;
  const metadata = await auditConfig(audit, config);
  if (metadata !== undefined && metadata.finding !== "config-differs") return metadata;
  for (const blob of [layer, ...(provenance === undefined ? [] : [provenance])]) {
    const state = await blobState(store, blob, { signal });
    if (state !== "whole") return { finding: `blob-${state}`, about: blob.digest };
  }
  return metadata;
}

async function auditConfig(audit: BlobAudit, config: Descriptor): Promise<Found | undefined> {
  const about = config.digest;
  if (config.size > largestConfig) return { finding: "config-differs", about };
  try {
    return isOf(audit.entry, await readConfig(audit, config)) ? undefined : { finding: "config-differs", about };
  } catch (error) {
    if (isChartferryError(error, "blob-unknown")) return { finding: "blob-missing", about };
    if (isChartferryError(error, "digest-mismatch", "size-mismatch")) return { finding: "blob-damaged", about };
    throw error;
  }
}

async function readConfig({ store, signal }: BlobAudit, config: Descriptor): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.fetchBlob(config, { signal })) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** By the rule for the archive itself: a leading `v` and another case are no difference. */
function isOf(entry: SourceEntry, config: string): boolean {
  const inside = identityIn(config);
  if (inside === undefined) return false;
  try {
    checkIdentity(inside, entry);
    return true;
  } catch (error) {
    if (isChartferryError(error, "chart-invalid")) return false;
    throw error;
  }
}

function identityIn(config: string): { readonly name: string; readonly version: string } | undefined {
  try {
    const { name, version }: { readonly name?: unknown; readonly version?: unknown } = JSON.parse(config);
    return typeof name === "string" && typeof version === "string" ? { name, version } : undefined;
  } catch {
    return undefined;
  }
}

/** Digests that one may compare without asking for a blob. */
export function sameParts(one: ChartParts, other: ChartParts): boolean {
  return one.layer.digest === other.layer.digest && one.provenance?.digest === other.provenance?.digest;
}
