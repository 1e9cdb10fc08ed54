import { type Cell, markdownTable } from "./markdown-table.ts";
import { type Findings, type Pair, settings } from "./measure-migration.ts";
import { median } from "./median.ts";

/** The findings as Markdown. */
export function migrationTable({ machine, repository, registry, counted, plain, helm, delayed }: Findings): string {
  const of = (pick: (pair: Pair) => number): number => median(plain.map(pick));
  const row = (name: string, pick: (pair: Pair) => Pair["ours"]): Cell[] => [
    name,
    of((pair) => pick(pair).seconds),
    of((pair) => pick(pair).seconds / pair.floor.seconds),
    of((pair) => pick(pair).cpuSeconds),
    of((pair) => pick(pair).serverCpu),
    of((pair) => pick(pair).peakMegabytes),
  ];
  const ourSeconds = of(({ ours: own }) => own.seconds);
  const helmRow = (name: string, seconds: number): Cell[] => [
    name,
    seconds,
    seconds / of(({ floor: least }) => least.seconds),
    undefined,
    undefined,
    undefined,
  ];
  const head = ["", "seconds", "× floor", "CPU s", "registry CPU s", "peak MB"];
  const rows = [
    row("chartferry", (pair) => pair.ours),
    row("floor", (pair) => pair.floor),
    helmRow("helm loop, one at a time", helm[0]),
    helmRow("helm loop, 8 at once", helm[1]),
  ];
  const ideal = (delayed.requests * settings.delay) / 1000 / settings.window;
  return [
    `### ${registry.name}`,
    "",
    `${repository.versions} versions, ${(repository.bytes / 1e6).toFixed(0)} MB (median ${(repository.medianBytes / 1e3).toFixed(0)} KB, p90 ${(repository.ninetiethBytes / 1e3).toFixed(0)} KB), ${settings.pairs} pairs, medians. ${machine}.`,
    "",
    markdownTable(head, rows),
    "",
    `Requests at the registry: ${counted.requests}, ${counted.perVersion.toFixed(2)} a version (${counted.byMethod}). The helm loops were timed on ${settings.helmSample} versions and scaled: serial takes ${(helm[0] / ourSeconds).toFixed(0)} times as long as chartferry, 8 at once ${(helm[1] / ourSeconds).toFixed(0)} times.`,
    "",
    `With ${settings.delay} ms before every answer of source and registry (${settings.delayedVersions} versions, ${delayed.requests} requests): ${delayed.ours.seconds.toFixed(2)} s, floor ${delayed.floor.seconds.toFixed(2)} s; requests × delay / ${settings.window} = ${ideal.toFixed(2)} s, which is ${((ideal / delayed.ours.seconds) * 100).toFixed(0)} % of what it took.`,
    "",
  ].join("\n");
}
