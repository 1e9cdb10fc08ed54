import { printable } from "@chartferry/core";

import type { RunFigures } from "../engine/keep/run-figures.ts";
import type { Pause } from "./pauses.ts";
import { done, secondsText, seen, sizeText } from "./progress-words.ts";
import { cutEnd, cutMiddle, textWidth } from "./text-width.ts";
import type { Throughput } from "./throughput.ts";

export interface TargetFacts {
  readonly target: string;
  readonly figures: RunFigures;
  readonly throughput: Throughput;
  readonly pauses: readonly Pause[];
  /** The user asked for an end: what is left will not be done. */
  readonly ending: boolean;
}

/** Two lines for a target, neither wider than `width`; what matters least goes first where there is no room. Without colours: they would say nothing that the figures do not. */
export function targetLines(facts: TargetFacts, width: number): string[] {
  return [firstLine(facts, width), secondLine(facts, width)];
}

/** Columns of a target's name that nothing else takes from it. */
const nameAtLeast = 24;

/** How far: name, bar, versions, speed, time that is left. */
function firstLine(facts: TargetFacts, width: number): string {
  const { target, figures, throughput } = facts;
  const [behind, all] = [done(figures.totals.targets[target]), seen(figures.totals)];
  const total = Math.max(behind, all);
  const count = `${behind}/${total}${figures.crawled ? "" : "+"}`;
  const speed = `${throughput.versionsPerSecond.toFixed(1)}/s`;
  const bytes = `${sizeText(throughput.bytesPerSecond)}/s`;
  const name = printable(target);
  const eta = etaText(facts, total - behind);
  const choices = [
    [bar(behind, total, 20), count, speed, bytes, ...eta],
    [bar(behind, total, 10), count, speed, bytes, ...eta],
    [count, speed, bytes, ...eta],
    [count, speed, ...eta],
    [count],
  ].map((parts) => `  ${parts.join("  ")}`);
  const nameWidth = Math.min(textWidth(name), nameAtLeast);
  const rest = choices.find((text) => nameWidth + textWidth(text) <= width) ?? `  ${count}`;
  return cutEnd(`${cutMiddle(name, Math.max(nameWidth, width - textWidth(rest)))}${rest}`, width);
}

/** What became of it: waits, outcomes, work in flight, requests, bytes. Given up from the end. */
function secondLine(facts: TargetFacts, width: number): string {
  const { target, figures } = facts;
  const counts = figures.totals.targets[target];
  const flying = figures.inFlight[target] ?? 0;
  const hosts = figures.hosts.filter((host) => host.target === target);
  const requests = hosts.reduce((sum, host) => sum + host.requests, 0);
  const retries = hosts.reduce((sum, host) => sum + host.retries, 0);
  const parts = [
    ...waits(facts),
    outcomes(counts),
    ...(requests > 0 ? [`${requests} requests${retries > 0 ? `, ${retries} repeated` : ""}`] : []),
    ...(flying > 0 ? [`${flying} in flight`] : []),
    `${sizeText(counts?.bytes ?? 0)} sent`,
  ];
  for (let kept = parts.length; kept > 1; kept--) {
    const line = `  ${parts.slice(0, kept).join("; ")}`;
    if (textWidth(line) <= width) return line;
  }
  return cutEnd(`  ${parts[0] ?? ""}`, width);
}

function waits({ target, figures, pauses }: TargetFacts): string[] {
  const own = pauses.filter((pause) => pause.target === target);
  const connecting = figures.connecting.includes(target) ? ["connecting"] : [];
  return [...connecting, ...own.map(({ host, leftMs }) => `waiting ${secondsText(leftMs)} for ${printable(host)}`)];
}

function outcomes(counts: RunFigures["totals"]["targets"][string] | undefined): string {
  const { pushed = 0, skipped = 0, failed = 0, refused = 0 } = counts ?? {};
  const rest = counts?.["not-attempted"] ?? 0;
  const others = [
    [skipped, "already there"],
    [failed, "failed"],
    [refused, "refused"],
    [rest, "not attempted"],
  ] as const;
  return [`${pushed} pushed`, ...others.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)].join(", ");
}

/** Only once the number of versions is known, not while the registry lets us wait, and not once the rest is left undone. */
function etaText({ target, figures, throughput, pauses, ending }: TargetFacts, left: number): string[] {
  if (ending) return left > 0 ? ["ending"] : [];
  if (!figures.crawled || left <= 0 || pauses.some((pause) => pause.target === target || pause.end === "source")) return [];
  const milliseconds = throughput.timeFor(left);
  return milliseconds === undefined ? [] : [`${durationText(milliseconds)} left`];
}

function durationText(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${twoDigits(minutes)}:${twoDigits(seconds % 60)}` : `${minutes}:${twoDigits(seconds % 60)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

function bar(part: number, whole: number, width: number): string {
  const filled = whole === 0 ? 0 : Math.floor((part * width) / whole);
  return `[${"#".repeat(filled)}${"-".repeat(width - filled)}]`;
}
