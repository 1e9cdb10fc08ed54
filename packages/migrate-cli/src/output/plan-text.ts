import { printable } from "@chartferry/core";

import { type Decision, decisions } from "../engine/plan/decisions.ts";
import type { PlannedVersion } from "../engine/plan/group-versions.ts";
import type { DecisionCounts, Plan } from "../engine/plan/plan.ts";
import { createCauses, type Causes } from "./causes.ts";
import { type ChartMark, chartLines } from "./chart-lines.ts";
import { sizeText } from "./progress-words.ts";
import { endLines, sourceLines } from "./run-lines.ts";

/** The plan for people, piece by piece: what is to be done at each target, chart by chart, and what to know before. */
export function* planText(plan: Plan): Generator<string, void, undefined> {
  const { run, totals } = plan;
  const targets = run.targets.map(({ id }) => id);
  yield text(sourceLines(plan));
  yield text(targets.map((id) => `  ${printable(id)}: ${countsText(totals.targets[id])}`));
  const causes = createCauses();
  yield* chartLines(marksOf(plan.versions(), causes), { columns: decisions, settled: "skip", targets });
  yield text(causes.lines());
  yield text(endLines(plan));
}

function countsText(counts: (DecisionCounts & { readonly bytes: number }) | undefined): string {
  if (counts === undefined) return "";
  const { push, skip, compare, fail, refuse, unknown, bytes } = counts;
  const size = bytes > 0 ? ` (${sizeText(bytes)})` : "";
  const open = compare > 0 ? `${compare} to compare, ` : "";
  const rest = unknown > 0 ? `, ${unknown} could not be looked at` : "";
  return `${push} to push${size}, ${skip} already there, ${open}${fail} would fail, ${refuse} refused${rest}`;
}

/** One mark a version and target; what there is to tell besides goes to the causes on the way. */
function* marksOf(versions: Iterable<PlannedVersion>, causes: Causes): Generator<ChartMark<Decision>, void, undefined> {
  for (const version of versions) {
    gather(version, causes);
    const { chart, targets, problem } = version;
    for (const { target, decision } of targets) yield { chart, target, column: decision };
    if (problem !== undefined) yield { chart, column: "refuse" };
  }
}

const kinds: Readonly<Record<Decision, string | undefined>> = {
  push: undefined,
  skip: undefined,
  compare: "to compare:",
  fail: "would fail:",
  refuse: "refused:",
  unknown: "unknown:",
};

function gather({ chart, version, targets, problem, warnings }: PlannedVersion, causes: Causes): void {
  const example = `${chart} ${version}`.trim();
  for (const { code, text: words, hint } of warnings) causes.add({ kind: "warning:", code, text: words, hint, example });
  for (const { target, decision, reason = decision, message = reason, hint } of targets) {
    const kind = kinds[decision];
    if (kind !== undefined && reason !== "interrupted") causes.add({ kind, code: reason, text: message, hint, target, example });
  }
  if (problem === undefined) return;
  const { reason = "entry-invalid", message = reason, hint } = problem;
  causes.add({ kind: "refused:", code: reason, text: message, hint, example });
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
