export type Cell = string | number | undefined;

/** Numbers get two or three significant digits and stand right. */
export function markdownTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const isNumeric = head.map((_title, place) => rows.every((row) => typeof row[place] !== "string"));
  const rule = isNumeric.map((right) => (right ? "---:" : "---"));
  return [line(head), line(rule), ...rows.map((row) => line(row.map(cellText)))].join("\n");
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function cellText(cell: Cell): string {
  if (cell === undefined) return "–";
  if (typeof cell === "string") return cell;
  if (Math.abs(cell) >= 100) return cell.toFixed(0);
  return cell.toFixed(Math.abs(cell) >= 10 ? 1 : 2);
}
