import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect } from "vitest";

import { type Schema, schemaProblems } from "../../packages/migrate-cli/src/engine/testing/check-schema.ts";
import { runChartferry } from "../support/chartferry.ts";
import type { ProgramResult } from "../support/run-program.ts";

const schemaFile = fileURLToPath(new URL("../../packages/migrate-cli/src/engine/plan/plan.schema.json", import.meta.url));
const schema: Schema = JSON.parse(readFileSync(schemaFile, "utf8"));

/** A plan as a script would read it. */
export interface ReadPlan {
  readonly schemaVersion: number;
  readonly run: { readonly command: string };
  readonly totals: {
    readonly entries: number;
    readonly targets: Readonly<Record<string, object>>;
    readonly warnings: Readonly<Record<string, number>>;
  };
  readonly versions: readonly {
    readonly chart: string;
    readonly version: string;
    readonly targets: readonly { readonly decision: string; readonly reason: string }[];
    readonly problem?: { readonly reason: string };
    readonly warnings: readonly { readonly code: string; readonly text: string; readonly hint: string }[];
  }[];
}

/** `chartferry plan … --output json`, held against its schema. */
export async function runPlan(
  args: readonly string[],
  home: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ProgramResult & { readonly plan: ReadPlan }> {
  const result = await runChartferry(["plan", ...args, "--output", "json"], { home, env });
  const read: ReadPlan = JSON.parse(result.stdout);
  expect(schemaProblems(read, schema)).toEqual([]);
  return { ...result, plan: read };
}

/** `chart version: decision reason …`, one a version. */
export function decisions({ versions }: ReadPlan): string[] {
  return versions.map(({ chart, version, targets, problem }) =>
    [`${chart} ${version}:`, ...targets.map(({ decision, reason }) => `${decision} ${reason}`), problem?.reason ?? ""].join(" ").trim(),
  );
}

export function warningsOf({ versions }: ReadPlan, chart: string): string[] {
  return versions.filter((version) => version.chart === chart).flatMap(({ warnings }) => warnings.map(({ code }) => code));
}
