import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { pathToFileURL } from "node:url";

import { readChart } from "../chart/read-chart.ts";
import type { IndexItem } from "../classic-index/index-entry.ts";
import { ChartferryError, isChartferryError, withContext } from "../errors.ts";
import { refuseCut } from "./assemble-package.ts";
import type { SourceEntry, SourceItem } from "./chart-source.ts";
import { fileChunks, fileWithin, unreadable } from "./folder-file.ts";
import { receiveContent } from "./received-content.ts";
import { shown } from "../shown-text.ts";

export interface ScanOptions {
  /** Bytes of one archive. */
  readonly chartLimit: number;
  readonly signal?: AbortSignal | undefined;
}

/** The charts of a folder without index: every `.tgz` in it and one level down, as `helm repo index` looks for them; what cannot be read is reported, and the same file once more is remarked on. @throws index-missing, file-unreadable (the folder itself) */
export async function* scanFolder(directory: string, options: ScanOptions): AsyncGenerator<IndexItem, void, undefined> {
  const seen = new Map<string, FirstFile>();
  let found = false;
  for await (const path of archivesIn(directory)) {
    found = true;
    options.signal?.throwIfAborted();
    if (typeof path !== "string") {
      yield path;
      continue;
    }
    const item = await readArchive(directory, path, options);
    yield item.kind === "entry" ? unlessSeen(item.entry, relative(directory, path), seen) : item;
  }
  if (!found) throw nothingThere(directory);
}

/** More likely the wrong folder than a repository without charts: that one has an index. */
function nothingThere(directory: string): ChartferryError {
  return new ChartferryError(`${shown(directory)} holds neither an index.yaml nor a chart archive`, {
    code: "index-missing",
    operation: "read folder",
    hint: "Name the folder that holds the charts",
  });
}

/** Sorted by name, so that the order does not depend on the disk. A folder within that cannot be read hides what it holds, and is told as a problem. */
async function* archivesIn(directory: string): AsyncGenerator<string | SourceItem, void, undefined> {
  const top = (await namesIn(directory)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name } of top.filter((item) => !item.isDirectory() && isArchive(item.name))) yield join(directory, name);
  for (const { name } of top.filter((item) => item.isDirectory())) {
    const inner = await namesIn(join(directory, name)).catch((error: unknown) => {
      if (!isChartferryError(error)) throw error;
      return error;
    });
    if (inner instanceof ChartferryError) yield { kind: "problem", problem: { chart: name, version: "", error: inner } };
    else {
      const files = inner.filter((item) => !item.isDirectory() && isArchive(item.name)).map((item) => item.name);
      for (const file of files.toSorted()) yield join(directory, name, file);
    }
  }
}

/** @throws file-unreadable */
async function namesIn(directory: string): Promise<Dirent[]> {
  return readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    throw unreadable(directory, error);
  });
}

function isArchive(name: string): boolean {
  return name.endsWith(".tgz");
}

async function readArchive(directory: string, path: string, { chartLimit, signal }: ScanOptions): Promise<SourceItem> {
  try {
    const url = pathToFileURL(path);
    const content = await receiveContent(fileChunks(await fileWithin(directory, url), signal), {
      sizeLimit: chartLimit,
      operation: "read chart archive",
      signal,
    });
    try {
      const chart = await readChart(content.bytes ?? content.open(signal), { check: "identity" });
      refuseCut(chart);
      return { kind: "entry", entry: entryOf(chart.metadata, url.href, content.digest) };
    } finally {
      await content.release();
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (!isChartferryError(error)) throw error;
    return {
      kind: "problem",
      problem: { chart: basename(path), version: "", error: withContext(error, { repository: shown(basename(path)) }) },
    };
  }
}

type Metadata = Awaited<ReturnType<typeof readChart>>["metadata"];

function entryOf(metadata: Metadata, url: string, digest: string): SourceEntry {
  return {
    chart: metadata.name,
    version: metadata.version,
    urls: [url],
    digest,
    ...(metadata.deprecated === undefined ? {} : { deprecated: metadata.deprecated }),
    ...(metadata.appVersion === undefined ? {} : { appVersion: metadata.appVersion }),
    ...(metadata.type === undefined ? {} : { kind: metadata.type }),
    ...dependenciesOf(metadata),
    notes: [],
  };
}

function dependenciesOf({ dependencies = [] }: Metadata): Pick<SourceEntry, "dependencies"> {
  const named = dependencies.flatMap(({ name, repository }) =>
    name === undefined || repository === undefined ? [] : [{ name, repository }],
  );
  return named.length === 0 ? {} : { dependencies: named };
}

interface FirstFile {
  readonly path: string;
  readonly digest: string | undefined;
}

/** As where files are named: the same bytes are one chart, other bytes of the same name and version a problem. */
function unlessSeen(entry: SourceEntry, path: string, seen: Map<string, FirstFile>): IndexItem {
  const { chart, version, digest } = entry;
  const key = `${chart}\n${version}`;
  const before = seen.get(key);
  if (before === undefined) {
    seen.set(key, { path, digest });
    return { kind: "entry", entry };
  }
  if (before.digest !== digest) return twice(entry, path);
  return {
    kind: "note",
    note: { code: "same-file", text: `${shown(path)} has the same bytes as ${shown(before.path)}: it is taken once` },
  };
}

function twice({ chart, version }: SourceEntry, path: string): SourceItem {
  const error = new ChartferryError(`${shown(path)} is ${shown(chart)} ${shown(version)} once more: the first file is used`, {
    code: "entry-invalid",
    operation: "read folder",
    repository: shown(chart),
    version: shown(version),
    hint: "Remove one of the two files",
  });
  return { kind: "problem", problem: { chart, version, error } };
}
