import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { makeChart } from "../charts/make-chart.ts";
import { writeRepository } from "../charts/write-repository.ts";

/** Bytes. A real public catalogue of 2,875 versions has these. */
const medianSize = 26_000;
const ninetiethSize = 176_000;
const largestSize = 1_500_000;
const versionsPerChart = 20;

/** Chart sources compress to a third and less; this does by about so much. */
const textPerPackedByte = 2.45;

export interface SyntheticRepository {
  readonly folder: string;
  readonly versions: number;
  /** Of all archives. */
  readonly bytes: number;
  readonly medianBytes: number;
  readonly ninetiethBytes: number;
  /** One line per archive, in the order of the index: `name-version.tgz`. */
  readonly files: readonly string[];
}

/** Makes the repository, or takes the one that an earlier run made from the same numbers. Relative urls; the same seed gives the same charts. */
export function syntheticRepository({ versions, seed }: { readonly versions: number; readonly seed: number }): SyntheticRepository {
  const cache = fileURLToPath(new URL("../../.cache/bench/", import.meta.url));
  const self = createHash("sha256")
    .update(readFileSync(fileURLToPath(import.meta.url)))
    .digest("hex")
    .slice(0, 8);
  const folder = join(cache, `repository-${versions}-${seed}-${self}`);
  if (!existsSync(folder)) {
    const unfinished = `${folder}.${process.pid}`;
    mkdirSync(unfinished, { recursive: true });
    write(unfinished, { versions, seed });
    renameSync(unfinished, folder);
  }
  const facts: Omit<SyntheticRepository, "folder"> = JSON.parse(readFileSync(join(folder, "facts.json"), "utf8"));
  return { folder, ...facts };
}

function write(folder: string, { versions, seed }: { readonly versions: number; readonly seed: number }): void {
  const random = seeded(seed);
  const words = Array.from({ length: 2000 }, () => Math.floor(random() * 36 ** 6).toString(36));
  const charts = Array.from({ length: versions }, (_none, place) => {
    const name = `chart-${String(Math.floor(place / versionsPerChart)).padStart(5, "0")}`;
    const version = `1.${place % versionsPerChart}.${Math.floor(random() * 10)}`;
    return makeChart(name, version, {
      lines: ["description: made up"],
      files: { "values.yaml": values(random), "templates/all.yaml": filler(words, { size: packedSize(random), random }) },
    });
  });
  writeRepository(folder, charts);
  const sizes = charts.map(({ archive }) => archive.byteLength).toSorted((one, other) => one - other);
  const facts = {
    versions,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    medianBytes: sizes[Math.floor(versions * 0.5)],
    ninetiethBytes: sizes[Math.floor(versions * 0.9)],
    files: charts.map(({ file }) => file),
  };
  writeFileSync(join(folder, "facts.json"), JSON.stringify(facts));
}

/** Log-normal, through both measured points. */
export function packedSize(random: () => number): number {
  const spread = Math.log(ninetiethSize / medianSize) / 1.2816;
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.min(largestSize, Math.max(900, medianSize * Math.exp(spread * normal)));
}

function filler(words: readonly string[], { size, random }: { readonly size: number; readonly random: () => number }): string {
  const lines: string[] = [];
  for (let length = 0; length < size * textPerPackedByte;) {
    const line = `key${Math.floor(random() * 100)}: "${Array.from({ length: 8 }, () => words[Math.floor(random() * words.length)]).join(" ")}"`;
    lines.push(line);
    length += line.length + 1;
  }
  return lines.join("\n");
}

/** As a chart's values look: sections, comments, short lines; about 6 KB. */
function values(random: () => number): string {
  const section = (place: number): string =>
    [
      `# what section ${place} is about`,
      `section${place}:`,
      "  enabled: true",
      `  replicas: ${Math.floor(random() * 9)}`,
      '  image: {repository: "app", tag: ""}',
      "  resources:",
      "    limits:",
      `      memory: ${Math.floor(random() * 999)}Mi`,
      "  list:",
      `  - name: port-${place}`,
      `    value: "${Math.floor(random() * 65_536)}"`,
    ].join("\n");
  return `${Array.from({ length: 30 }, (_none, place) => section(place)).join("\n")}\n`;
}

/** mulberry32: small, and the same everywhere. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
