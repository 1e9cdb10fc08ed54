import { readFileSync, writeFileSync } from "node:fs";

/** Set, it writes what is generated into the pages instead of comparing. */
const UPDATES = process.env["CHARTFERRY_UPDATE_DOCS"] === "1";

/**
 * What stands between `<!-- generated: NAME -->` and `<!-- end -->` in a page. With CHARTFERRY_UPDATE_DOCS=1 it is first replaced by `wanted`.
 */
export function generatedBlock(page: string, name: string, wanted: string): string {
  const text = readFileSync(page, "utf8");
  const start = `<!-- generated: ${name} -->\n`;
  const from = text.indexOf(start) + start.length;
  const to = text.indexOf("<!-- end -->", from);
  if (from < start.length || to < 0) throw new Error(`${page} has no place for "${name}"`);
  if (!UPDATES) return text.slice(from, to).trim();
  writeFileSync(page, `${text.slice(0, from)}${wanted}\n${text.slice(to)}`);
  return wanted;
}

/** How to bring the page up to date, for the message of a test that fails. */
export const howToUpdate = "bring the page up to date: CHARTFERRY_UPDATE_DOCS=1 npx vitest run --config test/vitest.config.ts test/docs-";

/** A table of Markdown. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [markdownRow(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(markdownRow)].join("\n");
}

function markdownRow(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
