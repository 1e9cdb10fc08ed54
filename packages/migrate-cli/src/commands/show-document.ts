import { documentText, writeDocument } from "../engine/keep/write-report.ts";
import { printable } from "@chartferry/core";

import type { Terminal } from "../terminal/terminal.ts";

/** What a command found, in both forms. */
export interface ShownDocument {
  readonly head: object;
  versions(): Iterable<object>;
  /** For people, piece by piece. */
  text(): Iterable<string>;
}

export interface ShowFlags {
  readonly output: "text" | "json";
  readonly report?: string;
}

/** Writes the file that was asked for, and to stdout what was asked for. @throws file-unwritable, when all else is said */
export async function showDocument(document: ShownDocument, { output, report }: ShowFlags, terminal: Terminal): Promise<void> {
  const json = (): Iterable<string> => documentText(document.head, document.versions());
  // A file that cannot be written keeps nobody from hearing what was found.
  const unwritten = report === undefined ? undefined : await faultOf(writeDocument(report, json()));
  await terminal.outPieces(output === "json" ? json() : document.text());
  if (unwritten !== undefined) throw unwritten.error;
  if (report !== undefined && output === "text") terminal.out(`report: ${printable(report)}\n`);
}

async function faultOf(writing: Promise<void>): Promise<{ readonly error: unknown } | undefined> {
  return writing.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
}
