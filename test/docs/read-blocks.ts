import { readFileSync } from "node:fs";

export interface CodeBlock {
  /** Line of the fence, from 1. */
  readonly line: number;
  /** The first word after the fence: `sh`, `js`, `text`, empty. */
  readonly language: string;
  /** The words after it. */
  readonly marks: readonly string[];
  readonly text: string;
}

/** The fenced blocks of a page of Markdown, in order. */
export function readBlocks(page: string): CodeBlock[] {
  const text = readFileSync(page, "utf8");
  return [...text.matchAll(/^```(.*)\n([^]*?)^```$/gmu)].map((match) => {
    const [language = "", ...marks] = (match[1] ?? "").trim().split(/\s+/u);
    return { line: text.slice(0, match.index).split("\n").length, language, marks, text: match[2] ?? "" };
  });
}
