import { join } from "node:path";

import { type ChartSource, connectLayout, type Connection, type Digest } from "@chartferry/core";
import { onTestFinished } from "vitest";

import { temporaryRegistryFolder } from "../../testing/temporary-registry-folder.ts";
import { migrate } from "../migrate.ts";
import type { MigrationTarget } from "../migrate-options.ts";
import type { AuditRecord } from "../verify/audit-record.ts";
import { type Audit, verdict, verify, type VerifyOptions } from "../verify/verify.ts";

/** Image layouts on disk as a target: real blobs, which can be taken away. */
export async function layoutTarget(): Promise<MigrationTarget & { readonly folder: string }> {
  const folder = temporaryRegistryFolder();
  const connection: Connection = await connectLayout({ end: "target", registry: folder, environment: {} });
  onTestFinished(() => connection.close());
  return { id: "layout", namespace: "charts", connection, folder };
}

export async function push(target: MigrationTarget, source: ChartSource): Promise<void> {
  (await migrate({ source, targets: [target] })).close();
}

export interface Told {
  readonly lines: string[];
  readonly records: readonly AuditRecord[];
  readonly verdict: ReturnType<typeof verdict>;
  readonly audit: Omit<Audit, "versions" | "close">;
}

export async function audited(target: MigrationTarget, source: ChartSource, more: Partial<VerifyOptions> = {}): Promise<Told> {
  const audit = await verify({ source, targets: [target], ...more });
  const records = [...audit.versions()];
  audit.close();
  const lines = records.map(({ chart, version, state, reason }) => `${chart} ${version}: ${state}${reason === state ? "" : ` ${reason}`}`);
  return { lines, records, verdict: verdict(audit), audit };
}

export function blobFile(folder: string, repository: string, digest: Digest): string {
  return join(folder, repository, "blobs", ...digest.split(":"));
}
