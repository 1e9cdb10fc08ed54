import type { ChartSource } from "@chartferry/core";

import { migrate } from "../migrate.ts";
import type { MigrateOptions, MigrationTarget } from "../migrate-options.ts";
import type { PlannedVersion } from "../plan/group-versions.ts";
import { plan, type PlanOptions } from "../plan/plan.ts";
import { createFakeSource } from "./fake-source.ts";
import { createFakeTarget, type FakeTarget, imageManifest } from "./fake-target.ts";

export function targetsOf(fakes: readonly FakeTarget[]): MigrationTarget[] {
  return fakes.map(({ connection }, index) => ({ id: `t${index}`, namespace: "charts", connection }));
}

export async function planned(
  source: ChartSource,
  fakes: readonly FakeTarget[],
  more: Partial<PlanOptions> = {},
): Promise<PlannedVersion[]> {
  const made = await plan({ source, targets: targetsOf(fakes), ...more });
  try {
    return [...made.versions()];
  } finally {
    made.close();
  }
}

/** `chart version: decision reason`, as if every pushed version had been decided on. */
export function predictions(versions: readonly PlannedVersion[]): string[] {
  return versions.map(({ chart, version, targets, problem }) =>
    [
      `${chart} ${version}:`,
      ...targets.map(({ decision, reason }) => `${decision} ${reason}`),
      ...(problem === undefined ? [] : [`refuse ${problem.reason}`]),
    ].join(" "),
  );
}

const words: Readonly<Record<string, string>> = { pushed: "push", skipped: "skip", failed: "fail", refused: "refuse" };

/** What a migration did, in the plan's words. */
export async function happened(source: ChartSource, fakes: readonly FakeTarget[], more: Partial<MigrateOptions>): Promise<string[]> {
  const report = await migrate({ source, targets: targetsOf(fakes), ...more });
  try {
    return [...report.records()].map(
      ({ chart, version, status, reason }) => `${chart} ${version}: ${words[status]} ${reason === "copied" ? "absent" : reason}`,
    );
  } finally {
    report.close();
  }
}

export const names = [
  "web 1.0.0",
  "web 1.1.0",
  "web 1.2.0",
  "web 1.3.0",
  "web 1.4.0",
  "!web nonsense",
  "Web 1.0.0",
  "web 2.0.0+a",
  "web 2.0.0_a",
];

/** A target with a version as it was pushed and recorded, one as it was pushed by others, another archive, and an image. */
export async function mixedTarget(journalPath: () => string): Promise<FakeTarget> {
  const target = createFakeTarget();
  await happened(createFakeSource(["web 1.0.0"]), [target], { journalPath });
  await happened(createFakeSource(["web 1.1.0"]), [target], {});
  await happened(createFakeSource(["web 1.2.0"], { replaced: { "web 1.2.0": "other bytes" } }), [target], {});
  target.tags.set("charts/web:1.3.0", imageManifest());
  return target;
}

export function writesOf({ calls }: FakeTarget): number {
  return calls.putManifest + calls.putBlob;
}
