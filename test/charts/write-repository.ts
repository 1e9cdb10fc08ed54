import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { TestChart } from "./make-chart.ts";

export interface IndexedChart {
  readonly chart: TestChart;
  /** Default: the file's name, relative. */
  readonly urls?: readonly string[];
  /** What the index says; `null` leaves it out. Default: the archive's. */
  readonly digest?: string | null;
  /** `null` leaves it out. Default: 2024-01-02T03:04:05.678901234Z. */
  readonly created?: string | null;
  /** Text of the provenance file beside the archive. */
  readonly provenance?: string;
  /** The archive is not there. */
  readonly absent?: boolean;
}

/** Writes archives, provenance files and `index.yaml` into a folder, as `helm repo index` would. */
export function writeRepository(folder: string, charts: readonly (IndexedChart | TestChart)[]): void {
  mkdirSync(folder, { recursive: true });
  const entries = charts.map((chart) => ("chart" in chart ? chart : { chart }));
  for (const { chart, provenance, absent = false } of entries) {
    if (!absent) writeFileSync(join(folder, chart.file), chart.archive);
    if (provenance !== undefined) writeFileSync(join(folder, `${chart.file}.prov`), provenance);
  }
  writeFileSync(join(folder, "index.yaml"), indexText(entries));
}

export function indexText(entries: readonly IndexedChart[]): string {
  const names = [...new Set(entries.map(({ chart }) => chart.name))];
  const lines = names.flatMap((name) => [`  ${name}:`, ...entries.filter(({ chart }) => chart.name === name).flatMap(entryLines)]);
  return ["apiVersion: v1", "entries:", ...lines, 'generated: "2024-01-02T03:04:05Z"', ""].join("\n");
}

const usualTime = "2024-01-02T03:04:05.678901234Z";

function entryLines({ chart, urls = [chart.file], digest = chart.digest, created = usualTime }: IndexedChart): string[] {
  const facts = [
    ...chart.metadata,
    ...(created === null ? [] : [`created: ${JSON.stringify(created)}`]),
    ...(digest === null ? [] : [`digest: ${digest.replace("sha256:", "")}`]),
    "urls:",
    ...urls.map((url) => `- ${JSON.stringify(url)}`),
  ];
  return facts.map((line, place) => `${place === 0 ? "  - " : "    "}${line}`);
}

/** Looks like provenance to whoever only looks; its signature verifies with no key. */
export function provenanceText(chart: TestChart): string {
  const hash = `...\nfiles:\n  ${chart.file}: ${chart.digest}`;
  const signed = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${chart.metadata.join("\n")}\n\n${hash}`;
  return `${signed}\n-----BEGIN PGP SIGNATURE-----\n\nwsBzBAEBCgAnBQJlk3blCRAAAAAAAAAAABYhBAAA\n=AAAA\n-----END PGP SIGNATURE-----\n`;
}
