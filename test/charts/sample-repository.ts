import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

import type { CorpusEntry } from "./read-corpus.ts";

/** Makes a classic repository of some real charts: the files, and an index in JSON (which YAML includes) with relative urls. */
export function writeSampleRepository(folder: string, sample: readonly CorpusEntry[]): void {
  mkdirSync(folder, { recursive: true });
  const entries: Record<string, object[]> = {};
  for (const { chart, version, created, file, layer } of sample) {
    copyFileSync(file, join(folder, basename(file)));
    const digest = layer.slice("sha256:".length);
    (entries[chart] ??= []).push({ apiVersion: "v1", name: chart, version, created, digest, urls: [basename(file)] });
  }
  writeFileSync(join(folder, "index.yaml"), JSON.stringify({ apiVersion: "v1", entries }));
}

/** `repository:tag digest` of everything that is expected to stand below a namespace, sorted. */
export function expectedReferences(namespace: string, entries: readonly CorpusEntry[]): string[] {
  return entries.map(({ chart, version, manifest }) => `${namespace}/${chart}:${version.replace("+", "_")} ${manifest}`).toSorted();
}
