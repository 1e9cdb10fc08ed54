import { printable } from "@chartferry/core";

import type { Report } from "../engine/keep/report.ts";
import type { VersionRecord } from "../engine/work-item.ts";
import { countsLine, secondsText, sizeText } from "./progress-words.ts";

interface Group {
  count: number;
  readonly target: string | undefined;
  readonly reason: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly examples: string[];
}

/** Versions named per cause; the report has them all. */
const examplesShown = 5;

/** What happened, for people: totals, failures by cause with the next thing to try, where the details are. */
export function summarize(report: Report, places: { readonly report?: string | undefined } = {}): string {
  const { run, totals } = report;
  const { failures, notes } = groupRecords(report.records());
  const lines = [
    `${printable(run.source)}: ${totals.entries} versions${totals.excluded > 0 ? `, ${totals.excluded} not selected` : ""}${totals.problems > 0 ? `, ${totals.problems} unusable` : ""}`,
    ...run.targets.flatMap(({ id }) => [
      `  ${printable(id)}: ${countsLine(totals.targets[id])}; ${sizeText(totals.targets[id]?.bytes ?? 0)} sent${requestsAt(report, id)}`,
      ...patienceOf(report.hosts.filter((host) => host.target === id)),
    ]),
    `${totals.downloads.charts} charts read from the source (${sizeText(totals.downloads.bytes)})${reopened(totals.downloads.reopened)}`,
    ...patienceOf(report.hosts.filter(({ end }) => end === "source")),
    ...failures.flatMap((group) => groupLines(group)),
    ...run.notes.map(({ code, text }) => `note: ${printable(code)}: ${printable(text)}`),
    ...[...notes].map(([code, { count, text }]) => `note: ${printable(code)} (${count}): ${printable(text)}`),
    ...endLines(report),
    ...(places.report === undefined ? [] : [`report: ${printable(places.report)}`]),
    ...(places.report === undefined && failures.length > 0 ? ["for every version of these: --report FILE"] : []),
  ];
  return `${lines.join("\n")}\n`;
}

/** Of the target's own end, its token and blob hosts included; a folder has none. */
function requestsAt({ hosts }: Report, target: string): string {
  const own = hosts.filter((host) => host.target === target);
  const requests = own.reduce((sum, host) => sum + host.requests, 0);
  const retries = own.reduce((sum, host) => sum + host.retries, 0);
  if (requests === 0) return "";
  return ` in ${requests} requests${retries > 0 ? `, ${retries} of them repeated` : ""}`;
}

/** Why it took its time: a registry that asked for fewer requests. */
function patienceOf(hosts: Report["hosts"]): string[] {
  const throttled = hosts.reduce((sum, host) => sum + host.throttled, 0);
  const pausedMs = hosts.reduce((sum, host) => sum + host.pausedMs, 0);
  if (throttled === 0 && pausedMs === 0) return [];
  const times = throttled === 1 ? "once" : `${throttled} times`;
  return [
    `    asked for fewer requests ${times} (429, 503)${pausedMs > 0 ? `; requests were held back for ${secondsText(pausedMs)}` : ""}`,
  ];
}

function reopened(count: number): string {
  return count > 0 ? `, ${count} of them again for a target that lagged` : "";
}

function endLines({ run }: Report): string[] {
  if (run.end === "interrupted") return ["interrupted: run the same command again to carry on"];
  if (run.problem === undefined) return [];
  const { code, message, hint } = run.problem;
  return [`the source broke off: ${printable(message)} [${code}]`, ...(hint === undefined ? [] : [`  try: ${printable(hint)}`])];
}

function groupRecords(records: Iterable<VersionRecord>): { failures: Group[]; notes: Map<string, { count: number; text: string }> } {
  const groups = new Map<string, Group>();
  const notes = new Map<string, { count: number; text: string }>();
  for (const record of records) {
    // What an interruption left is said once, for all.
    if (record.status !== "pushed" && record.status !== "skipped" && record.reason !== "interrupted") addFailure(groups, record);
    for (const { code, text } of record.notes) {
      const note = notes.get(code) ?? { count: 0, text };
      note.count++;
      notes.set(code, note);
    }
  }
  return { failures: [...groups.values()], notes };
}

function addFailure(
  groups: Map<string, Group>,
  { target, status, reason = status, message = status, hint, chart, version }: VersionRecord,
): void {
  const key = `${target ?? ""}\n${reason}`;
  const group = groups.get(key) ?? { count: 0, target, reason, message, hint, examples: [] };
  group.count++;
  if (group.examples.length < examplesShown) group.examples.push(`${chart} ${version}`.trim());
  groups.set(key, group);
}

function groupLines({ count, target, reason, message, hint, examples }: Group): string[] {
  const more = count > examples.length ? `, and ${count - examples.length} more` : "";
  const where = target === undefined ? "" : ` at ${printable(target)}`;
  return [
    `${printable(reason)} (${count})${where}: ${examples.map((example) => printable(example, 200)).join(", ")}${more}`,
    `  ${count > 1 ? "first: " : ""}${printable(message)}`,
    ...(hint === undefined ? [] : [`  try: ${printable(hint)}`]),
  ];
}
