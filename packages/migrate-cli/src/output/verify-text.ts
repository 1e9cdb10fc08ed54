import { printable } from "@chartferry/core";

import type { AuditRecord } from "../engine/verify/audit-record.ts";
import { type AuditState, auditStates } from "../engine/verify/findings.ts";
import type { Audit, StateCounts } from "../engine/verify/verify.ts";
import { createCauses, type Causes } from "./causes.ts";
import { type ChartMark, chartLines } from "./chart-lines.ts";
import { endLines, sourceLines } from "./run-lines.ts";

/** The audit for people, piece by piece: each target's figures, the charts that differ, and how. */
export function* verifyText(audit: Audit): Generator<string, void, undefined> {
  const { run, totals } = audit;
  const targets = run.targets.map(({ id }) => id);
  yield text(sourceLines(audit));
  yield text(targets.map((id) => `  ${printable(id)}: ${countsText(totals.targets[id])}`));
  const causes = createCauses();
  yield* chartLines(marksOf(audit.versions(), causes), { columns: auditStates, settled: "same", targets });
  yield text(causes.lines());
  yield text(endLines(audit));
}

function countsText(counts: StateCounts | undefined): string {
  if (counts === undefined) return "";
  const others = auditStates.filter((state) => state !== "same").map((state) => `${counts[state]} ${state}`);
  return `${counts.same} as the source has them, ${others.join(", ")}`;
}

function* marksOf(records: Iterable<AuditRecord>, causes: Causes): Generator<ChartMark<AuditState>, void, undefined> {
  for (const record of records) {
    const { chart, version, target, state, reason = state, message = reason, hint } = record;
    const told = state !== "same" && reason !== "interrupted";
    if (told) causes.add({ kind: `${state}:`, code: reason, text: message, hint, target, example: `${chart} ${version}`.trim() });
    yield { chart, target, column: state };
  }
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
