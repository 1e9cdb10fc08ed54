import { existsSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Clock } from "../../clock.ts";
import { bytesContent, type BlobContent, type StoredManifest } from "../../content.ts";
import { digestOf } from "../../digest.ts";
import { mediaTypes } from "../../media-types.ts";
import type { ChartStore } from "../../store/chart-store.ts";
import type { LayoutTree } from "../layout-tree.ts";
import { privateFolder } from "../tree-lock.ts";

/** A folder for one test, in memory where the machine has that. */
export async function makeFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "chartferry-layout-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Time stands still: nothing folds but what the test folds, until `close`. */
export function stillClock(start = 0): Clock & { advance(ms: number): void } {
  let now = start;
  return {
    now: () => now,
    sleep: (_ms, signal) => new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(new Error("stopped")))),
    advance(ms) {
      now += ms;
    },
  };
}

export function blobOf(text: string): BlobContent {
  const bytes = Buffer.from(text);
  return bytesContent(bytes);
}

export function manifestOf(value: object, mediaType: string = mediaTypes.ociManifest): StoredManifest {
  const bytes = Buffer.from(JSON.stringify(value));
  return { mediaType, digest: digestOf(bytes), bytes };
}

export interface TestChart {
  readonly config: BlobContent;
  readonly layer: BlobContent;
  readonly manifest: StoredManifest;
}

/** A chart as a store sees it; `extra` goes into the manifest. */
export function chartOf(version: string, extra: object = {}): TestChart {
  const config = blobOf(JSON.stringify({ name: "web", version, apiVersion: "v2" }));
  const layer = blobOf(`layer of ${version}`);
  const manifest = manifestOf({
    schemaVersion: 2,
    config: { mediaType: mediaTypes.helmConfig, digest: config.digest, size: config.size },
    layers: [{ mediaType: mediaTypes.helmChart, digest: layer.digest, size: layer.size }],
    ...extra,
  });
  return { config, layer, manifest };
}

export async function pushChart(store: ChartStore, tag: string, chart: TestChart = chartOf(tag)): Promise<TestChart> {
  await store.putBlob(chart.config);
  await store.putBlob(chart.layer);
  await store.putManifest(tag, chart.manifest);
  return chart;
}

export async function listed<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Copies the tree as a process that dies now leaves it: its lock names nobody who lives. Answers the copy's path. */
export async function leaveAsDead(tree: LayoutTree, path: string): Promise<string> {
  await cp(tree.directory, path, { recursive: true });
  await rm(join(path, privateFolder, "lock"));
  return path;
}
