import { migrate } from "../migrate.ts";
import type { MigrateOptions, MigrationTarget } from "../migrate-options.ts";
import type { Report } from "../keep/report.ts";
import type { FakeSource } from "./fake-source.ts";
import type { FakeTarget } from "./fake-target.ts";

/** Runs a migration into targets `t0`, `t1` …, below `charts`. */
export async function run(source: FakeSource, targets: readonly FakeTarget[], options: Partial<MigrateOptions> = {}): Promise<Report> {
  const named = targets.map(({ connection }, index): MigrationTarget => ({ id: `t${index}`, connection, namespace: "charts" }));
  return migrate({ source, targets: named, ...options });
}

export function journalIn(folder: string): () => string {
  return () => `${folder}/journal.jsonl`;
}

/** `chart version status reason`, in the report's order. */
export function told(report: Report): string[] {
  return [...report.records()].map(({ chart, version, status, reason }) => `${chart} ${version} ${status} ${reason}`);
}

/** Forgets what was counted so far. */
export function clear(target: FakeTarget): void {
  Object.assign(target.calls, { list: 0, resolve: 0, fetchManifest: 0, putManifest: 0, putBlob: 0 });
}
