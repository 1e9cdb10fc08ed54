import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { it } from "vitest";

import { startEmbedded } from "../servers/start-embedded.ts";
import { requireTool } from "../support/real-tools.ts";
import { startDistribution } from "../servers/start-distribution.ts";
import { startZot } from "../servers/start-zot.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { measureMigration, type Registry } from "./measure-migration.ts";
import { migrationTable } from "./migration-table.ts";

const registries: readonly Registry[] = [
  { name: "embedded", upload: "post", start: () => startEmbedded({ directory: makeTempDir("bench-embedded"), options: ["--no-fsync"] }) },
  { name: "zot", upload: "post", start: () => startZot() },
  { name: "Distribution", upload: "session", start: () => startDistribution() },
];

const wanted = process.env["CHARTFERRY_BENCH_REGISTRIES"]?.split(",");

for (const registry of registries.filter(({ name }) => wanted?.includes(name) ?? true)) {
  it(`measures a migration to ${registry.name}`, { timeout: 3_600_000 }, async (context) => {
    if (registry.name === "zot" && !isThere("zot")) context.skip("zot is not on PATH");
    const text = migrationTable(await measureMigration(registry));
    console.log(text);
    keep(registry.name, text);
  });
}

function keep(name: string, text: string): void {
  const folder = fileURLToPath(new URL("../../.cache/bench/results/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name.toLowerCase()}.md`), text);
}

function isThere(tool: "zot"): boolean {
  try {
    return requireTool(tool) !== "";
  } catch {
    return false;
  }
}
