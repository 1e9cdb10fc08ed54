import { join } from "node:path";

import { adapters } from "@chartferry/adapters";
import { createClassicSource, createHttpClient, isChartferryError, openConnection, type Connection } from "@chartferry/core";
import { migrate, type Report } from "chartferry/engine";

import { testUser } from "../support/test-user.ts";
import { hastyClock } from "./hasty-clock.ts";
import type { World } from "./start-world.ts";

export const namespace = "charts";

/** How a run is set up. */
export interface MigrationSetup {
  /** `undefined` = found out from the registry's first answer. */
  readonly adapter: string | undefined;
  readonly journal: boolean;
  /** Milliseconds without an answer, or between two pieces of one. */
  readonly patienceMs: number;
}

export interface Outcome {
  /** The error code, or nothing where the version has arrived. */
  readonly code: string | undefined;
  readonly message: string;
  readonly manifestDigest: string | undefined;
}

/** Longer than the short Retry-After of the faults, shorter than the long one. Milliseconds. */
const maxWaitMs = 600_000;

/** One run of the engine, as the command line puts it together; no wait takes its time but the patience for answers. */
export async function migrateOnce(world: World, setup: MigrationSetup): Promise<Outcome> {
  const clock = hastyClock();
  const { certificates } = world;
  const tls = certificates === undefined ? {} : { caFile: certificates.caFile };
  const timeouts = { headersMs: setup.patienceMs, bodyIdleMs: setup.patienceMs };
  const origin = new URL(world.proxies.source.url);
  const http = createHttpClient({ origin, tls, timeouts, clock, maxWaitMs, basic: "first", credentials: () => Promise.resolve(user) });
  const source = createClassicSource({ location: `${origin.href}charts`, http, clock, directory: world.folder });
  let connection: Connection | undefined;
  try {
    connection = await openConnection({
      adapters,
      end: "target",
      registry: world.proxies.registry.host,
      environment: {},
      credential: user,
      ...(certificates === undefined ? { plainHttp: true } : { tls }),
      ...(setup.adapter === undefined ? {} : { adapter: setup.adapter }),
      timeouts,
      clock,
      maxWaitMs,
    });
    const targets = [{ id: "oci://registry.test/charts", connection, namespace }];
    const journal = setup.journal ? { journalPath: () => join(world.folder, "journal.jsonl") } : {};
    return outcomeOf(await migrate({ source, targets, clock, ...journal }));
  } catch (error) {
    if (!isChartferryError(error)) throw error;
    return { code: error.code, message: error.message, manifestDigest: undefined };
  } finally {
    await source.close();
    await connection?.close();
  }
}

const user = { kind: "basic", ...testUser, source: "the test" } as const;

function outcomeOf(report: Report): Outcome {
  const [record, ...others] = report.records();
  report.close();
  if (others.length > 0) throw new Error("the test's source has one version");
  const { problem } = report.run;
  if (problem !== undefined) return { ...problem, manifestDigest: undefined };
  if (record === undefined) throw new Error("the run says nothing of its version");
  const { status, reason = status, message = reason, manifestDigest } = record;
  return { code: status === "pushed" || status === "skipped" ? undefined : reason, message, manifestDigest };
}
