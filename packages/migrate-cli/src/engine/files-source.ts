import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import {
  ChartferryError,
  isChartferryError,
  openChartFile,
  type ChartSource,
  type OpenFileOptions,
  type SourceItem,
} from "@chartferry/core";

/** Chart archives of this machine as a source: what `push` and `publish` move. Each is read once to learn its name, and again to be sent. */
export function createFilesSource(paths: readonly string[], options: OpenFileOptions = {}): ChartSource {
  const byUrl = new Map(paths.map((path) => [pathToFileURL(resolve(path)).href, path]));
  return {
    id: paths.length === 1 ? basename(paths[0] ?? "") : `${paths.length} files`,
    async *versions(call) {
      for (const [url, path] of byUrl) yield await itemOf(url, path, { ...options, signal: call?.signal });
    },
    async open(entry, call) {
      const path = byUrl.get(entry.urls[0] ?? "");
      if (path === undefined) throw new ChartferryError("not a file of this source", { code: "entry-invalid", operation: "open chart" });
      const opened = await openChartFile(path, { ...options, signal: call?.signal });
      if (opened.layer.digest === entry.digest) return opened;
      await opened.release();
      throw new ChartferryError(`${path} changed while it was being published`, {
        code: "digest-mismatch",
        operation: "open chart",
        hint: "run the command again",
      });
    },
    close: () => Promise.resolve(),
  };
}

async function itemOf(url: string, path: string, options: OpenFileOptions): Promise<SourceItem> {
  try {
    const opened = await openChartFile(path, options);
    await opened.release();
    const { name, version } = opened.metadata;
    return { kind: "entry", entry: { chart: name, version, urls: [url], digest: opened.layer.digest, notes: [] } };
  } catch (error) {
    if (!isChartferryError(error) || options.signal?.aborted === true) throw error;
    return { kind: "problem", problem: { chart: basename(path), version: "", error } };
  }
}
