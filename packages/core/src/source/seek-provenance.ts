import { readProvenance } from "../chart/provenance.ts";
import { openStandingChart } from "../copy/open-chart.ts";
import { digestOf } from "../digest.ts";
import { isChartferryError } from "../errors.ts";
import { shownUrl } from "../http/redact.ts";
import { tagOf } from "../reference/chart-tag.ts";
import { parseReference } from "../reference/parse-reference.ts";
import { besideIndex, provenanceUrl } from "./chart-url.ts";
import type { SourceEntry, SoughtProvenance } from "./chart-source.ts";
import { fetchProvenance } from "./fetch-from-registry.ts";
import { fetchProvenanceOverHttp } from "./fetch-over-http.ts";
import { isGone, orderedUrls, provenanceFile, type Places } from "./open-entry.ts";
import { applyProvenancePolicy, type ProvenanceFinding, type ProvenancePolicy } from "./provenance-policy.ts";

export interface SeekOptions {
  readonly policy: ProvenancePolicy;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks for an entry's provenance without its chart: wherever the chart may lie, in the order in which it would be fetched. One request
 * a place. @throws provenance-missing (under `require`), provenance-unavailable
 */
export async function seekProvenance(places: Places, entry: SourceEntry, { policy, signal }: SeekOptions): Promise<SoughtProvenance> {
  const candidates = new Set(orderedUrls(places.location, entry));
  const [first = ""] = candidates;
  let finding: ProvenanceFinding = { kind: "absent" };
  for (const url of candidates) {
    const here = await look(places, { url, entry }, signal);
    if (here.kind === "bytes" && readProvenance(here.bytes) !== undefined) return { found: true, digest: digestOf(here.bytes), notes: [] };
    const beside = isNowhere(here, url) ? besideIndex(url, places.location.base, entry) : undefined;
    if (beside !== undefined) candidates.add(beside);
    if (!isNowhere(here, url)) finding = here;
  }
  return { found: false, notes: applyProvenancePolicy(finding, policy, placeOf(first)).notes };
}

/** Nothing there, as far as this place can tell: the chart itself may lie elsewhere. */
function isNowhere(finding: ProvenanceFinding, url: string): boolean {
  return finding.kind === "absent" || (finding.kind === "failed" && isChartferryError(finding.error) && isGone(finding.error, url));
}

function placeOf(url: string): string {
  return `${shownUrl(new URL(url))}.prov`;
}

interface Candidate {
  readonly url: string;
  readonly entry: SourceEntry;
}

async function look(places: Places, { url, entry }: Candidate, signal: AbortSignal | undefined): Promise<ProvenanceFinding> {
  const { protocol } = new URL(url);
  if (protocol === "oci:") return lookInRegistry(places, { url, entry }, signal);
  const { location, fetcher } = places;
  if (protocol === "file:") {
    return location.kind === "folder" ? provenanceFile(location.directory, provenanceUrl(url)) : { kind: "absent" };
  }
  return fetcher === undefined ? { kind: "absent" } : fetchProvenanceOverHttp(fetcher, new URL(url), signal);
}

async function lookInRegistry(places: Places, { url, entry }: Candidate, signal: AbortSignal | undefined): Promise<ProvenanceFinding> {
  try {
    const reference = parseReference(url);
    const store = await places.openRegistry?.(reference);
    if (store === undefined) return { kind: "absent" };
    const named = reference.digest ?? reference.tag ?? tagOf(entry.version);
    const { provenance } = await openStandingChart(store, named, { signal });
    if (provenance === undefined) return { kind: "absent" };
    return await fetchProvenance(store, provenance, signal);
  } catch (error) {
    signal?.throwIfAborted();
    return { kind: "failed", error };
  }
}
