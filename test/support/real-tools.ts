import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, it } from "vitest";

import { findCorpus } from "../charts/corpus.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What `tools/install-real-tools.mjs` puts into `.cache/real/bin`, by the name that tests and CHARTFERRY_REQUIRE use. */
const INSTALLED = {
  distribution: "registry",
  "distribution-2.8": "docker-registry",
  olareg: "olareg",
  helm3: "helm3",
  helm4: "helm4",
  "helm4.2": "helm4.2",
  oras: "oras",
  moto: "moto_server",
} as const;

/** Only ever looked for: this variable first, then PATH. */
const LOOKED_FOR = { zot: "CHARTFERRY_ZOT", conformance: "CHARTFERRY_CONFORMANCE" } as const;

type ToolName = keyof typeof INSTALLED | keyof typeof LOOKED_FOR;
/** `corpus`: the folder of real chart repositories, see corpus.ts. */
export type Need = ToolName | "corpus";
type Found = { readonly path: string } | { readonly path?: undefined; readonly reason: string };

/** Where a real program (or the corpus) is, or why it is not there. */
function findNeed(need: Need): Found {
  if (need === "corpus") return findCorpus();
  if (need === "zot" || need === "conformance") return lookFor(need);
  const path = join(ROOT, ".cache", "real", "bin", INSTALLED[need]);
  return isExecutable(path) ? { path } : { reason: `${need} is not installed: run npm run tools, which says why if it cannot install it` };
}

/** The path of a real program; an error with the reason when it is not there. */
export function requireTool(need: Need): string {
  const found = findNeed(need);
  if (found.path === undefined) throw new Error(found.reason);
  return found.path;
}

/** True when CHARTFERRY_REQUIRE (a comma list) names it: its absence is then a failure and not a skip. */
function isRequired(need: Need): boolean {
  return (process.env["CHARTFERRY_REQUIRE"] ?? "").split(",").some((name) => name.trim() === need);
}

/**
 * `describe` for tests that need real programs; inside tests and hooks `requireTool` gives their paths. What is missing stands in the
 * title of every skipped test, or fails the block when CHARTFERRY_REQUIRE names it.
 */
export function describeWith(needs: readonly Need[], title: string, body: () => void): void {
  const missing = needs.filter((need) => findNeed(need).path === undefined);
  const reasons = missing.map(reasonFor).join("; ");
  if (missing.length === 0) describe(title, body);
  else if (missing.some(isRequired)) failWith(title, reasons);
  else describe.skip(`${title} (skipped: ${reasons})`, body);
}

function reasonFor(need: Need): string {
  const found = findNeed(need);
  return found.path === undefined ? found.reason : "";
}

function failWith(title: string, reasons: string): void {
  describe(title, () => {
    it("finds the programs that CHARTFERRY_REQUIRE names", () => {
      throw new Error(reasons);
    });
  });
}

function lookFor(need: keyof typeof LOOKED_FOR): Found {
  const variable = LOOKED_FOR[need];
  const named = process.env[variable];
  if (named) return isExecutable(named) ? { path: named } : { reason: `${variable} names ${named}, which is no program` };
  const path = onPath(need);
  return path === undefined ? { reason: adviceFor(need) } : { path };
}

function adviceFor(need: keyof typeof LOOKED_FOR): string {
  const pins: { found: { name: string; advice: string }[] } = JSON.parse(readFileSync(join(ROOT, "tools", "real-tools.json"), "utf8"));
  return `${need} is not on PATH: ${pins.found.find((entry) => entry.name === need)?.advice ?? ""}`;
}

function onPath(name: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
