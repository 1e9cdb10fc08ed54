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
import { applyProvenancePolicy, failedToLook, type ProvenanceFinding, type ProvenancePolicy } from "./provenance-policy.ts";

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
  const findings: Found[] = [];
  for (const url of candidates) {
    const here = await look(places, { url, entry }, signal);
    if (here?.kind === "bytes" && readProvenance(here.bytes) !== undefined) return { found: true, digest: digestOf(here.bytes), notes: [] };
    const beside = isNowhere(here, url) ? besideIndex(url, places.location.base, entry) : undefined;
    if (beside !== undefined) candidates.add(beside);
    if (here !== undefined) findings.push({ finding: here, url });
  }
  const { finding, url } = telling(findings, first);
  return { found: false, notes: applyProvenancePolicy(finding, policy, placeOf(url)).notes };
}

interface Found {
  readonly finding: ProvenanceFinding;
  readonly url: string;
}

/**
 * Of several findings the one that counts: what keeps a living place from telling, then a plain no. Places that could not be reached
 * do not matter while another one has answered, for the chart may have left them long ago; where none has, nobody knows.
 */
function telling(findings: readonly Found[], first: string): Found {
  const reached = findings.filter(({ finding, url }) => !isUnreachable(finding, url));
  return (
    reached.findLast(({ finding }) => finding.kind !== "absent") ?? reached[0] ?? findings[0] ?? { finding: { kind: "absent" }, url: first }
  );
}

/** Nothing there, as far as this place can tell: the chart itself may lie elsewhere. */
function isNowhere(finding: ProvenanceFinding | undefined, url: string): boolean {
  return finding === undefined || finding.kind === "absent" || isUnreachable(finding, url);
}

function isUnreachable(finding: ProvenanceFinding, url: string): boolean {
  return finding.kind === "failed" && isChartferryError(finding.error) && isGone(finding.error, url);
}

function placeOf(url: string): string {
  return `${shownUrl(new URL(url))}.prov`;
}

interface Candidate {
  readonly url: string;
  readonly entry: SourceEntry;
}

/** `undefined` = a place where this source does not look at all. */
async function look(places: Places, { url, entry }: Candidate, signal: AbortSignal | undefined): Promise<ProvenanceFinding | undefined> {
  const { protocol } = new URL(url);
  if (protocol === "oci:") return lookInRegistry(places, { url, entry }, signal);
  const { location, fetcher } = places;
  if (protocol === "file:") {
    return location.kind === "folder" ? provenanceFile(location.directory, provenanceUrl(url)) : undefined;
  }
  return fetcher === undefined ? undefined : fetchProvenanceOverHttp(fetcher, new URL(url), signal);
}

async function lookInRegistry(
  places: Places,
  { url, entry }: Candidate,
  signal: AbortSignal | undefined,
): Promise<ProvenanceFinding | undefined> {
  try {
    const reference = parseReference(url);
    const store = await places.openRegistry?.(reference);
    if (store === undefined) return undefined;
    const named = reference.digest ?? reference.tag ?? tagOf(entry.version);
    const { provenance } = await openStandingChart(store, named, { signal });
    if (provenance === undefined) return { kind: "absent" };
    return await fetchProvenance(store, provenance, signal);
  } catch (error) {
    // Without the chart there is no provenance of it either.
    if (isChartferryError(error, "manifest-unknown", "repository-missing")) return { kind: "absent" };
    return failedToLook(error, signal);
  }
}
