import { readClassicIndex } from "../classic-index/read-classic-index.ts";
import type { IndexItem } from "../classic-index/index-entry.ts";
import type { IndexContent } from "../classic-index/index-input.ts";
import { systemClock } from "../clock.ts";
import type { Clock } from "../clock.ts";
import { ChartferryError, isChartferryError, withContext } from "../errors.ts";
import type { HttpClient } from "../http/http-client.ts";
import type { Note } from "../note.ts";
import { assemblePackage } from "./assemble-package.ts";
import type { AssembleOptions } from "./assemble-package.ts";
import type { ChartSource, OpenOptions, SoughtProvenance, SourceEntry, SourceItem, SourceOptions } from "./chart-source.ts";
import { resolveChartUrls } from "./chart-url.ts";
import type { UrlRewrite } from "./chart-url.ts";
import { folderHasIndex, parseClassicLocation } from "./classic-location.ts";
import type { ClassicLocation } from "./classic-location.ts";
import { createDeadHosts } from "./dead-hosts.ts";
import { fetchIndex } from "./fetch-index.ts";
import type { OpenRegistry } from "./fetch-from-registry.ts";
import { fileChunks } from "./folder-file.ts";
import { createFolderNames } from "./folder-names.ts";
import { gunzippedIfGzip } from "./gunzip-index.ts";
import { createForesee } from "./foresee-entry.ts";
import { findChart } from "./open-entry.ts";
import type { FoundChart, Places } from "./open-entry.ts";
import { seekProvenance } from "./seek-provenance.ts";
import { scanFolder } from "./scan-folder.ts";
import { shown } from "../shown-text.ts";

/** Bytes. */
export interface ClassicLimits {
  /** The whole index. Default: 4 GiB. */
  readonly indexBytes: number;
  /** An index that must be parsed at once. Default: 64 MiB. */
  readonly wholeIndexBytes?: number | undefined;
  /** One chart archive. Default: 1 GiB. */
  readonly chartBytes: number;
  /** Larger charts go to temporary files. Default: 8 MiB. */
  readonly memoryBytes?: number | undefined;
}

export interface ClassicSourceOptions extends Omit<AssembleOptions, "signal"> {
  /** `http(s)://…` with or without `/index.yaml`, `file://…`, or a path. */
  readonly location: string;
  /** Serves the index's origin: its credentials go nowhere else. Needed for http locations, and for a folder whose index names urls. Closed with the source. */
  readonly http?: HttpClient | undefined;
  readonly urlRewrites?: readonly UrlRewrite[] | undefined;
  /** Take charts without digest in the index. Default: they fail with `digest-missing`. */
  readonly allowMissingDigest?: boolean | undefined;
  /** For `oci://` urls in the index. */
  readonly openRegistry?: OpenRegistry | undefined;
  readonly limits?: Partial<ClassicLimits> | undefined;
  /** Where temporary files go. Default: the system's folder. */
  readonly directory?: string | undefined;
  readonly clock?: Clock | undefined;
}

export interface ClassicSource extends ChartSource {
  /** Remarks on the index as a whole; complete once `versions()` has ended. */
  notes(): readonly Note[];
}

interface Parts {
  readonly options: ClassicSourceOptions;
  readonly location: ClassicLocation;
  readonly places: Places;
  readonly limits: ClassicLimits;
  readonly clock: Clock;
  readonly notes: Note[];
}

/** A classic chart repository: over http, or a folder with or without index. @throws usage */
export function createClassicSource(options: ClassicSourceOptions): ClassicSource {
  const location = parseClassicLocation(options.location);
  const { http, openRegistry, clock = systemClock } = options;
  if (location.kind === "http" && http === undefined) {
    throw new ChartferryError("a repository on the web needs an http client", { code: "usage", operation: "open source" });
  }
  const fetcher = http === undefined ? undefined : { http, deadHosts: createDeadHosts(clock), origin: location.base.origin };
  const limits = { indexBytes: 4 * 1024 ** 3, chartBytes: 1024 ** 3, ...options.limits };
  const parts: Parts = {
    options,
    location,
    places: { location, fetcher, openRegistry, uncheckedFallback: options.allowMissingDigest === true, names: createFolderNames() },
    limits,
    clock,
    notes: [],
  };
  const foresee = createForesee(parts.places);
  return {
    id: location.id,
    versions: (call) => versions(parts, call),
    open: (entry, call) => openEntry(parts, entry, call),
    seekProvenance: (entry, call) => seekEntryProvenance(parts, entry, call),
    foresee: async (entry, call) => {
      const fault = missingDigest(entry, options);
      return fault === undefined ? foresee(entry, call?.signal) : { fault, notes: [] };
    },
    notes: () => parts.notes,
    close: async () => http?.close(),
  };
}

async function* versions(parts: Parts, { signal }: SourceOptions = {}): AsyncGenerator<SourceItem, void, undefined> {
  const { location, limits, notes } = parts;
  notes.length = 0;
  parts.places.names?.forget();
  const scans = location.kind === "folder" && !(await hasIndex(location));
  const items = scans ? scanFolder(location.directory, { chartLimit: limits.chartBytes, signal }) : indexItems(parts, signal);
  for await (const item of items) {
    if (item.kind === "note") notes.push(item.note);
    else yield item;
  }
}

async function* indexItems(parts: Parts, signal: AbortSignal | undefined): AsyncGenerator<IndexItem, void, undefined> {
  const { location, limits } = parts;
  const index = await openIndex(parts, signal);
  try {
    const options = { lengthVerified: index.lengthVerified, wholeLimit: limits.wholeIndexBytes, signal };
    for await (const item of readClassicIndex(index, options)) yield item.kind === "entry" ? resolved(item.entry, parts) : item;
  } catch (error) {
    throw isChartferryError(error) ? atIndex(error, location) : error;
  } finally {
    await index.release();
  }
}

/** An index file that was named must be there; a folder may do without. */
async function hasIndex(location: ClassicLocation & { kind: "folder" }): Promise<boolean> {
  if (await folderHasIndex(location)) return true;
  if (!location.named) return false;
  throw new ChartferryError(`${shown(location.index)}: no such file`, {
    code: "index-missing",
    operation: "read index",
    hint: "Name the folder that holds the charts",
  });
}

async function openIndex(
  { location, options, limits }: Parts,
  signal: AbortSignal | undefined,
): Promise<IndexContent & { readonly lengthVerified: boolean; release(): Promise<void> }> {
  if (location.kind === "http" && options.http !== undefined) {
    return fetchIndex(location.index, { http: options.http, limit: limits.indexBytes, directory: options.directory, signal });
  }
  const path = location.kind === "folder" ? location.index : "";
  const open = (inner?: AbortSignal): AsyncIterable<Uint8Array> => gunzippedIfGzip(() => fileChunks(path, inner), limits.indexBytes);
  return { open, lengthVerified: false, release: async () => {} };
}

function resolved(entry: SourceEntry, { location, options }: Parts): SourceItem {
  const { urls, notes } = resolveChartUrls(entry.urls, location.base, options.urlRewrites ?? []);
  if (urls.length > 0) return { kind: "entry", entry: { ...entry, urls, notes: [...entry.notes, ...notes] } };
  const error = new ChartferryError(`${shown(entry.chart)} ${shown(entry.version)}: ${notes[0]?.text ?? "no url"}`, {
    code: "entry-invalid",
    operation: "read index",
    repository: shown(entry.chart),
    version: shown(entry.version),
    hint: "Map the url with --url-rewrite FROM=TO, or correct the index",
  });
  return { kind: "problem", problem: { chart: entry.chart, version: entry.version, error } };
}

async function openEntry(parts: Parts, entry: SourceEntry, call: OpenOptions = {}): ReturnType<ChartSource["open"]> {
  const { options, limits, places } = parts;
  const { signal } = call;
  try {
    const fault = missingDigest(entry, options);
    if (fault !== undefined) throw fault;
    const receive = {
      expectedDigest: entry.digest,
      memoryLimit: limits.memoryBytes,
      memory: call.memory,
      sizeLimit: limits.chartBytes,
      directory: options.directory,
    };
    const found = await findChart(places, entry, { ...receive, operation: "fetch chart", signal });
    const { layer, place, provenance } = found;
    const vouched = entry.digest !== undefined || found.vouched === true;
    const material = {
      layer,
      place,
      findProvenance: provenance,
      entry,
      vouched,
      fileModified: found.fileModified,
      notes: notesOf(entry, found),
    };
    return await assemblePackage(material, { created: options.created, provenance: options.provenance, signal });
  } catch (error) {
    signal?.throwIfAborted();
    if (!isChartferryError(error)) throw error;
    throw withContext(error, { repository: shown(entry.chart), version: shown(entry.version) });
  }
}

async function seekEntryProvenance({ options, places }: Parts, entry: SourceEntry, call: SourceOptions = {}): Promise<SoughtProvenance> {
  const { provenance: policy = "auto" } = options;
  if (policy === "skip") return { found: false, notes: [] };
  try {
    return await seekProvenance(places, entry, { policy, signal: call.signal });
  } catch (error) {
    call.signal?.throwIfAborted();
    if (!isChartferryError(error)) throw error;
    throw withContext(error, { repository: shown(entry.chart), version: shown(entry.version) });
  }
}

/** The entry's own remarks are the caller's already. */
function notesOf(entry: SourceEntry, found: FoundChart): Note[] {
  const notes: Note[] = [];
  if (found.fallback)
    notes.push({
      code: "found-beside-index",
      text: `it could not be had from where the index says (${shown(entry.urls[0] ?? "")}) and was taken from ${found.place}`,
    });
  if (entry.digest === undefined)
    notes.push({ code: "digest-missing", text: "the index has no digest for it: the bytes were not checked against one" });
  return notes;
}

/** The same error, saying which index it is about. */
function atIndex(error: ChartferryError, location: ClassicLocation): ChartferryError {
  const { host, href } = location.base;
  return withContext(error, location.kind === "http" ? { registry: host, repository: location.id } : { repository: shown(href) });
}

/** A registry checks the layer against its own manifest; any other place needs the index's word. */
function missingDigest(entry: SourceEntry, options: ClassicSourceOptions): ChartferryError | undefined {
  if (entry.digest !== undefined || options.allowMissingDigest === true) return undefined;
  if (entry.urls.length > 0 && entry.urls.every((url) => url.startsWith("oci:"))) return undefined;
  return new ChartferryError(`the index has no digest for ${shown(entry.chart)} ${shown(entry.version)}: its bytes cannot be checked`, {
    code: "digest-missing",
    operation: "fetch chart",
    hint: "Regenerate the index with helm repo index, or use --allow-missing-digest",
  });
}
