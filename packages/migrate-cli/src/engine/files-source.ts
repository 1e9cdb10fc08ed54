import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import {
  ChartferryError,
  isChartferryError,
  openChartFile,
  type ChartSource,
  type OpenFileOptions,
  type SourceEntry,
  type SourceItem,
} from "@chartferry/core";

/**
 * Chart archives of this machine as a source: what `push` and `publish` move. Each is read once to learn its name, and again to be sent.
 * The same bytes named twice are one chart; other bytes for the same tag are a mistake that is told before any version is.
 */
export function createFilesSource(paths: readonly string[], options: OpenFileOptions = {}): ChartSource {
  const byUrl = new Map(paths.map((path) => [urlOf(path), path]));
  return {
    id: paths.length === 1 ? basename(paths[0] ?? "") : `${paths.length} files`,
    async *versions(call) {
      const items = new Map<string, SourceItem>();
      for (const path of paths) {
        const item = await itemOf(urlOf(path), path, { ...options, signal: call?.signal });
        if (item.kind === "problem") items.set(urlOf(path), item);
        else place(items, item.entry, byUrl);
      }
      yield* items.values();
    },
    async open(entry, call) {
      const path = byUrl.get(entry.urls[0] ?? "");
      if (path === undefined) throw new ChartferryError("not a file of this source", { code: "entry-invalid", operation: "open chart" });
      const opened = await openChartFile(path, { ...options, signal: call?.signal, memory: call?.memory });
      if (opened.layer.digest === entry.digest) return opened;
      await opened.release();
      throw new ChartferryError(`${path} changed while it was being published`, {
        code: "digest-mismatch",
        operation: "open chart",
        hint: "run the command again",
      });
    },
    async seekProvenance(entry, call) {
      const path = byUrl.get(entry.urls[0] ?? "");
      if (path === undefined) return { found: false, notes: [] };
      const opened = await openChartFile(path, { ...options, signal: call?.signal });
      await opened.release();
      const { provenance } = opened;
      return provenance === undefined ? { found: false, notes: [] } : { found: true, digest: provenance.digest, notes: [] };
    },
    close: () => Promise.resolve(),
  };
}

function urlOf(path: string): string {
  return pathToFileURL(resolve(path)).href;
}

/** Keeps what comes first. @throws usage, for two charts of one name and tag */
function place(items: Map<string, SourceItem>, entry: SourceEntry, byUrl: ReadonlyMap<string, string>): void {
  const identity = `${entry.chart}:${entry.version.replaceAll("+", "_")}`;
  const before = items.get(identity);
  if (before?.kind !== "entry") items.set(identity, { kind: "entry", entry });
  else if (before.entry.digest === entry.digest) items.set(identity, { kind: "entry", entry: noted(before.entry, entry, byUrl) });
  else throw contradiction([before.entry, entry], byUrl);
}

function pathOf({ urls }: SourceEntry, byUrl: ReadonlyMap<string, string>): string {
  return byUrl.get(urls[0] ?? "") ?? "";
}

function noted(entry: SourceEntry, again: SourceEntry, byUrl: ReadonlyMap<string, string>): SourceEntry {
  const [first, second] = [pathOf(entry, byUrl), pathOf(again, byUrl)];
  const text = first === second ? `${first} is named more than once` : `${second} has the same bytes as ${first}`;
  return { ...entry, notes: [...entry.notes, { code: "same-file", text: `${text}: it is taken once` }] };
}

function contradiction(entries: readonly [SourceEntry, SourceEntry], byUrl: ReadonlyMap<string, string>): ChartferryError {
  const [first, second] = entries.map((entry) => pathOf(entry, byUrl));
  const [{ chart, version }, { version: other }] = entries;
  const tag = other === version ? "" : ` (${version} and ${other} have the same tag)`;
  return new ChartferryError(`${first} and ${second} are both ${chart} ${version}${tag}, with different bytes`, {
    code: "usage",
    operation: "read chart archives",
    hint: "name one of the two, or give the other a version of its own; nothing was pushed",
  });
}

/** What the archive says of itself; without its provenance, so that a version that lacks one fails under its own name. */
async function itemOf(url: string, path: string, options: OpenFileOptions): Promise<SourceItem> {
  try {
    const opened = await openChartFile(path, { ...options, provenance: "skip" });
    await opened.release();
    const { name, version } = opened.metadata;
    return { kind: "entry", entry: { chart: name, version, urls: [url], digest: opened.layer.digest, notes: [] } };
  } catch (error) {
    if (!isChartferryError(error) || options.signal?.aborted === true) throw error;
    return { kind: "problem", problem: { chart: basename(path), version: "", error } };
  }
}
