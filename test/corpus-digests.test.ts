import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import { describe, expect, it } from "vitest";

import { readChart } from "../packages/core/src/chart/read-chart.ts";
import { digestOf } from "../packages/core/src/digest.ts";
import { buildChartManifest } from "../packages/core/src/manifest/build-manifest.ts";
import { findCorpus } from "./charts/corpus.ts";

const found = findCorpus();
const corpus = found.path ?? "";
const skipped = found.path === undefined ? ` (skipped: ${found.reason})` : "";

interface Row {
  readonly chart: string;
  readonly version: string;
  readonly layer: string;
  readonly created: string;
  /** Digest that the real Helm gave, or why there is none. */
  readonly manifest: string;
}

/** Rows of a repository, and its archives by digest. */
async function load(name: string): Promise<{ rows: Row[]; archives: Map<string, Buffer> }> {
  const table = await readFile(path.join(corpus, `${name}-helm-digests.tsv`), "utf8");
  const rows = table
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => {
      const [chart = "", version = "", layer = "", created = "", manifest = ""] = line.split("\t");
      return { chart, version, layer, created, manifest };
    });
  const archives = new Map<string, Buffer>();
  for (const file of await readdir(path.join(corpus, name), { recursive: true })) {
    if (!file.endsWith(".tgz")) continue;
    const bytes = await readFile(path.join(corpus, name, file));
    archives.set(digestOf(bytes), bytes);
  }
  return { rows, archives };
}

async function ourDigest(row: Row, bytes: Uint8Array): Promise<string> {
  const { metadata } = await readChart(bytes);
  return buildChartManifest({ metadata, layer: { digest: row.layer, size: bytes.byteLength }, created: row.created }).manifest.digest;
}

describe.skipIf(corpus === "")(`manifest digests of real charts${skipped}`, () => {
  it.each([
    { name: "stakater", equal: 2023, missing: 2, mismatched: 1 },
    { name: "azure-samples", equal: 16, missing: 0, mismatched: 0 },
  ])(
    "$name: every digest is the one that Helm gives, and what is no archive is refused as such",
    async ({ name, equal, missing, mismatched }) => {
      const { rows, archives } = await load(name);
      const differing: string[] = [];
      let same = 0;
      for (const row of rows.filter(({ manifest }) => manifest.startsWith("sha256:"))) {
        const bytes = archives.get(row.layer);
        if (bytes !== undefined && (await ourDigest(row, bytes)) === row.manifest) same += 1;
        else differing.push(`${row.chart} ${row.version}`);
      }
      expect(differing).toEqual([]);
      expect(same).toBe(equal);
      expect(rows.filter((row) => row.manifest.startsWith("missing ") && row.layer === "")).toHaveLength(missing);
      const wrong = rows.filter((row) => row.manifest === "mismatch");
      expect(wrong).toHaveLength(mismatched);
      for (const { layer } of wrong) {
        await expect(readChart(archives.get(layer) ?? Buffer.alloc(0))).rejects.toMatchObject({
          code: "archive-invalid",
          message: "the file is not a gzipped archive",
        });
      }
    },
  );
});
