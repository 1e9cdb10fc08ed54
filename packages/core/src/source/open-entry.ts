import { stat } from "node:fs/promises";

import { ChartferryError, isChartferryError, withContext } from "../errors.ts";
import type { SourceEntry } from "./chart-source.ts";
import { besideIndex, provenanceUrl } from "./chart-url.ts";
import type { ClassicLocation } from "./classic-location.ts";
import { fetchChartFromRegistry } from "./fetch-from-registry.ts";
import type { OpenRegistry } from "./fetch-from-registry.ts";
import { fetchChartOverHttp, fetchProvenanceOverHttp } from "./fetch-over-http.ts";
import type { HttpFetcher } from "./fetch-over-http.ts";
import { fileChunks, fileWithin, placeWithin } from "./folder-file.ts";
import type { FolderNames } from "./folder-names.ts";
import { modifiedSecond } from "./modified-second.ts";
import { provenanceIn } from "./provenance-policy.ts";
import type { ProvenanceFinding } from "./provenance-policy.ts";
import { receiveContent } from "./received-content.ts";
import type { ReceivedContent, ReceiveOptions } from "./received-content.ts";
import { shownUrl } from "../http/redact.ts";
import { shown } from "../shown-text.ts";

/** What is needed to reach every kind of place an entry may name. */
export interface Places {
  readonly location: ClassicLocation;
  /** Absent for a folder whose index names files only. */
  readonly fetcher: HttpFetcher | undefined;
  readonly openRegistry: OpenRegistry | undefined;
  /** Whether a file beside the index is taken without a digest to check it against. */
  readonly uncheckedFallback: boolean;
  /** Of a folder: what it held when it was first asked what is to be foreseen. */
  readonly names?: FolderNames | undefined;
}

export interface FoundChart {
  readonly layer: ReceivedContent;
  /** Where it was found, for messages. */
  readonly place: string;
  /** It lay beside the index instead of where the index says. */
  readonly fallback: boolean;
  /** The registry's manifest names its digest. */
  readonly vouched?: boolean;
  /** Seconds since 1970, of a file on this machine. */
  readonly fileModified?: number;
  readonly provenance: () => Promise<ProvenanceFinding>;
}

/** The first place that has the chart, in the index's order; then the file beside the index where the listed ones are gone. */
export async function findChart(places: Places, entry: SourceEntry, options: ReceiveOptions): Promise<FoundChart> {
  const failures: PlaceFailure[] = [];
  const listed = orderedUrls(places.location, entry);
  const fallsBack = mayFallBack(places, entry);
  // What is added while a Set is gone through comes at its end.
  const candidates = new Set(listed);
  for (const url of candidates) {
    try {
      return { ...(await receive(places, { url, entry }, options)), fallback: !listed.includes(url) };
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isChartferryError(error) || error.code === "aborted") throw error;
      failures.push({ url, error });
      const beside = fallsBack && isGone(error, url) ? besideIndex(url, places.location.base, entry) : undefined;
      if (beside !== undefined) candidates.add(beside);
    }
  }
  throw worst(failures, entry);
}

/** Whether a file beside the index is taken where the listed places have nothing: only what can be checked is. */
export function mayFallBack({ uncheckedFallback }: Places, { digest }: SourceEntry): boolean {
  return digest !== undefined || uncheckedFallback;
}

/** In a folder that has the file, the file is read; what its index says of the web is for others. */
export function orderedUrls({ kind, base }: ClassicLocation, entry: SourceEntry): string[] {
  if (kind === "http") return [...entry.urls];
  const local = entry.urls.flatMap((url) => (url.startsWith("file:") ? [] : (besideIndex(url, base, entry) ?? [])));
  const files = entry.urls.filter((url) => url.startsWith("file:"));
  const known = entry.digest === undefined ? [] : local;
  return [...new Set([...files, ...known, ...entry.urls])];
}

/** Dead host, 404, 410, or an address that a remote index may not send us to (`http://localhost:8879` of Helm 2's days); a registry in any case. */
export function isGone(error: ChartferryError, url: string): boolean {
  return (
    url.startsWith("oci:") ||
    ["source-missing", "host-not-found", "connection-refused", "proxy-refused", "timeout", "redirect-refused"].includes(error.code)
  );
}

interface Candidate {
  readonly url: string;
  readonly entry: SourceEntry;
}

async function receive(places: Places, { url, entry }: Candidate, options: ReceiveOptions): Promise<Omit<FoundChart, "fallback">> {
  const target = new URL(url);
  const place = shownUrl(target);
  if (target.protocol === "oci:") {
    if (places.openRegistry === undefined) throw unsupported(`${place} is in a registry, which this source cannot open`);
    return { place, vouched: true, ...(await fetchChartFromRegistry(places.openRegistry, { url, entry }, options)) };
  }
  if (target.protocol === "file:") return { place, ...(await receiveFile(places.location, target, options)) };
  const { fetcher } = places;
  if (fetcher === undefined) throw unsupported(`${place} is on the web, which this source cannot reach`);
  const layer = await fetchChartOverHttp(fetcher, target, options);
  return { place, layer, provenance: async () => fetchProvenanceOverHttp(fetcher, target, options.signal) };
}

async function receiveFile(location: ClassicLocation, url: URL, options: ReceiveOptions): Promise<Omit<FoundChart, "fallback" | "place">> {
  if (location.kind !== "folder")
    throw unsupported(`${shownUrl(url)} is a file of this machine, which is not read on behalf of a remote index`);
  const { directory } = location;
  const path = await fileWithin(directory, url);
  const layer = await receiveContent(fileChunks(path, options.signal), options);
  const fileModified = modifiedSecond(await stat(path, { bigint: true }));
  return { layer, fileModified, provenance: async () => provenanceFile(directory, provenanceUrl(url.href)) };
}

/** The file beside the chart; `url` is the provenance's own. */
export async function provenanceFile(directory: string, url: URL): Promise<ProvenanceFinding> {
  try {
    return await provenanceIn(await placeWithin(directory, url));
  } catch (error) {
    return isChartferryError(error, "source-missing") ? { kind: "absent" } : { kind: "failed", error };
  }
}

function unsupported(message: string): ChartferryError {
  return new ChartferryError(message, { code: "unsupported", operation: "fetch chart" });
}

interface PlaceFailure {
  readonly url: string;
  readonly error: ChartferryError;
}

/**
 * Of several failures the one that tells most: bytes that came and were wrong, then what keeps a place from giving what it may well have,
 * then that it has nothing. What the index names goes before the file that was only guessed at, in whatever order they were tried.
 */
function telling(failures: readonly PlaceFailure[], { urls }: SourceEntry): ChartferryError | undefined {
  const named = failures.filter(({ url }) => urls.includes(url));
  const living = ({ error }: PlaceFailure): boolean => !isGone(error, "") || error.retryable;
  const bytes = failures.find(({ error: { code } }) => code === "digest-mismatch" || code === "too-large");
  return (bytes ?? named.find(living) ?? failures.find(living) ?? named[0] ?? failures[0])?.error;
}

function worst(failures: readonly PlaceFailure[], entry: SourceEntry): ChartferryError {
  const error = telling(failures, entry);
  if (error === undefined) {
    const { chart, version } = entry;
    return new ChartferryError(`${shown(chart)} ${shown(version)} has no url that may be followed`, {
      code: "entry-invalid",
      operation: "fetch chart",
    });
  }
  const triedBeside = failures.some(({ url }) => !entry.urls.includes(url));
  const hint = triedBeside
    ? "Nor does the file lie beside the index: restore it, or name its new home with --url-rewrite FROM=TO"
    : undefined;
  return withContext(error, { repository: shown(entry.chart), version: shown(entry.version), ...(hint === undefined ? {} : { hint }) });
}
