/** Lines of right-aligned figures followed by a text: so that no width has to be known beforehand, lines may come one after the other. */
export interface FigureTable {
  readonly head: string;
  line(figures: readonly number[], text: string): string;
}

/** Characters of the narrowest column. */
const narrowest = 7;

export function createFigureTable(columns: readonly string[], last: string): FigureTable {
  const widths = columns.map((column) => Math.max(narrowest, column.length));
  const row = (cells: readonly string[], text: string): string =>
    `${cells.map((cell, place) => cell.padStart(widths[place] ?? narrowest)).join("  ")}  ${text}\n`;
  return { head: row(columns, last), line: (figures, text) => row(figures.map(String), text) };
}
