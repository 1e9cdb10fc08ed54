import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A block of a page that is a file, or lines of one. */
interface FileBlock {
  readonly kind: "file" | "edit";
  readonly path: string;
  readonly text: string;
}

/** Blocks whose fence says `file=PATH` or `edit=PATH`; a fence of four backticks may hold one of three. */
export function fileBlocks(page: string): FileBlock[] {
  return [...page.matchAll(/^(`{3,4})\w+ (file|edit)=(\S+)\n([^]*?)^\1$/gmu)].map(([, , kind, path = "", text = ""]) => ({
    kind: kind === "edit" ? "edit" : "file",
    path,
    text,
  }));
}

/** Does in a copy of the repository what the page says. */
export function followPage(page: string, root: string): void {
  for (const { kind, path, text } of fileBlocks(page)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, kind === "file" ? text : edited(readFileSync(file, "utf8"), text.trimEnd().split("\n")));
  }
}

/** Imports go to the imports, `[name, …]` names what comes first in a list, a property goes to the first object, anything else to the end. */
function edited(before: string, lines: readonly string[]): string {
  return lines.reduce((text, line) => {
    if (line.startsWith("import ")) return `${line}\n${text}`;
    const [, start, name] = /^(export const \w+.*= \[)(\w+), …\];$/u.exec(line) ?? [];
    if (start !== undefined) return replaced(text, start, `${start}${name}, `);
    if (line.startsWith("  ")) return replaced(text, "= {\n", `= {\n${line}\n`);
    return `${text}${line}\n`;
  }, before);
}

function replaced(text: string, part: string, by: string): string {
  if (!text.includes(part)) throw new Error(`there is no place for ${JSON.stringify(part)}`);
  return text.replace(part, () => by);
}
