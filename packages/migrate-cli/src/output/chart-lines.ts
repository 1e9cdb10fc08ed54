import { printable } from "@chartferry/core";

import { createFigureTable } from "./text-table.ts";

/** What one record adds to the line of its chart. */
export interface ChartMark<Column extends string> {
  readonly chart: string;
  /** Absent where the entry cannot be used at any target. */
  readonly target?: string | undefined;
  readonly column: Column;
}

export interface ChartLinesOptions<Column extends string> {
  readonly columns: readonly Column[];
  /** A chart that has this and nothing else is only counted. */
  readonly settled: Column;
  readonly targets: readonly string[];
}

type Counts<Column extends string> = Map<string, Record<Column, number>>;

/**
 * A line for each chart and target at which there is more to say than that all is well, as the records come: those of a chart follow each other.
 * Only one chart's figures are in memory.
 */
export function* chartLines<Column extends string>(
  marks: Iterable<ChartMark<Column>>,
  options: ChartLinesOptions<Column>,
): Generator<string, void, undefined> {
  const table = createFigureTable(options.columns, "chart");
  const shown = { head: false, settled: 0 };
  const lines = function* (chart: string | undefined, counts: Counts<Column>): Generator<string, void, undefined> {
    if (chart === undefined) return;
    const telling = [...counts].filter(([, figures]) =>
      options.columns.some((column) => column !== options.settled && figures[column] > 0),
    );
    if (telling.length === 0) shown.settled++;
    if (telling.length > 0 && !shown.head) yield table.head;
    shown.head ||= telling.length > 0;
    for (const [target, figures] of telling) {
      const where = options.targets.length > 1 && target !== "" ? ` at ${printable(target)}` : "";
      yield table.line(
        options.columns.map((column) => figures[column]),
        `${printable(chart, 200)}${where}`,
      );
    }
  };
  let [chart, counts]: [string | undefined, Counts<Column>] = [undefined, new Map()];
  for (const mark of marks) {
    if (mark.chart !== chart) {
      yield* lines(chart, counts);
      [chart, counts] = [mark.chart, new Map()];
    }
    const figures = counts.get(mark.target ?? "") ?? none(options.columns);
    figures[mark.column]++;
    counts.set(mark.target ?? "", figures);
  }
  yield* lines(chart, counts);
  if (shown.settled > 0)
    yield `${shown.head ? "and " : ""}${shown.settled} ${shown.settled === 1 ? "chart" : "charts"} with nothing to tell\n`;
}

function none<Column extends string>(columns: readonly Column[]): Record<Column, number> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys are those of the list
  return Object.fromEntries(columns.map((column) => [column, 0])) as Record<Column, number>;
}
