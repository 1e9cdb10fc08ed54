import { isChartferryError, systemClock, type HostTraffic, type Note } from "@chartferry/core";

import { ownVersion } from "../../own-version.ts";
import type { Run } from "../begin-run.ts";
import { funnelNotes } from "../choose/funnel.ts";
import type { MigrateOptions } from "../migrate-options.ts";
import type { HostRecord, Report, RunFacts } from "./report.ts";
import { flushJournals } from "./target-journals.ts";

/** The report of a run that is over, however it ended. */
export function finishReport(options: MigrateOptions, run: Run, facts: { readonly started: Date; readonly problem: unknown }): Report {
  return {
    schemaVersion: 1,
    run: describeRun(options, run, facts),
    totals: run.totals.snapshot(run.spool.counts),
    hosts: hostRecords(options),
    records: () => run.records.records(),
    close: () => run.records.close(),
  };
}

/** What a user would want to know of selection and mapping, once the source was read to its end. */
export function runNotes({ selection, totals }: Pick<Run, "selection" | "totals">): Note[] {
  return [...selection.notes(), ...funnelNotes(totals.crawl)];
}

function describeRun(
  options: MigrateOptions,
  run: Run,
  { started, problem }: { readonly started: Date; readonly problem: unknown },
): RunFacts {
  const { source, targets, command = "migrate", configuration = {}, clock = systemClock } = options;
  const end = run.stop.aborted ? "interrupted" : problem === undefined ? "complete" : "source-failed";
  return {
    command,
    chartferry: ownVersion(),
    node: process.version,
    started: started.toISOString(),
    ended: new Date(clock.now()).toISOString(),
    end,
    ...(problem === undefined ? {} : { problem: describeProblem(problem) }),
    source: source.id,
    notes: [
      ...(source.notes?.() ?? []),
      ...(end === "complete" ? runNotes(run) : []),
      ...run.spool.notes(),
      ...flushJournals(run.journals),
    ],
    targets: targets.map(({ id, connection }) => ({ id, adapter: connection.adapter })),
    journals: [...new Set([...run.journals.values()].map(({ journal }) => journal.path))],
    configuration,
  };
}

function describeProblem(problem: unknown): NonNullable<RunFacts["problem"]> {
  if (isChartferryError(problem)) {
    const { code, message, hint } = problem;
    return { code, message, ...(hint === undefined ? {} : { hint }) };
  }
  return { code: "unexpected", message: problem instanceof Error ? problem.message : "unknown" };
}

/** What crossed the wire to each host of each end so far. */
export function hostRecords({ targets, sourceTraffic }: MigrateOptions): HostRecord[] {
  const source = hostsOf(sourceTraffic?.() ?? {}, { end: "source" });
  return [...source, ...targets.flatMap(({ id, connection }) => hostsOf(connection.traffic(), { end: "target", target: id }))];
}

function hostsOf(traffic: Readonly<Record<string, HostTraffic>>, end: Pick<HostRecord, "end" | "target">): HostRecord[] {
  const hosts = Object.entries(traffic).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return hosts.map(([host, { requests, retries, bytesSent, bytesReceived, throttled, pausedMs }]) => ({
    ...end,
    host,
    requests,
    retries,
    bytesSent,
    bytesReceived,
    throttled,
    pausedMs,
  }));
}
