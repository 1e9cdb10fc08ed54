import { randomBytes } from "node:crypto";
import { access, constants, open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname, join, basename } from "node:path";

import { ChartferryError, isChartferryError } from "@chartferry/core";

import type { Report } from "./report.ts";

/** Characters gathered for one write. */
const pieceSize = 64 * 1024;

/** The report as JSON text. */
export function reportText({ schemaVersion, run, totals, hosts, ...report }: Report): Iterable<string> {
  return documentText({ schemaVersion, run, totals, hosts }, report.records());
}

/** A JSON object of a head and a list `versions`, piece by piece: the list may hold a million records. */
export function* documentText(head: object, versions: Iterable<object>): Generator<string, void, undefined> {
  let piece = `${JSON.stringify(head, undefined, 2).slice(0, -2)},\n  "versions": [`;
  let separator = "\n    ";
  for (const record of versions) {
    piece += `${separator}${JSON.stringify(record)}`;
    separator = ",\n    ";
    if (piece.length < pieceSize) continue;
    yield piece;
    piece = "";
  }
  yield `${piece}\n  ]\n}\n`;
}

/** Writes the report so that its path never names half of one. @throws file-unwritable */
export async function writeReport(path: string, report: Report): Promise<void> {
  return writeDocument(path, reportText(report));
}

/** Writes pieces of text so that the path never names half of them. @throws file-unwritable */
export async function writeDocument(path: string, pieces: Iterable<string>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
  try {
    const file = await open(temporary, "wx", 0o644);
    await writePieces(file, pieces);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    // The records come from a temporary file, whose own failure is told as such.
    throw isChartferryError(error) ? error : unwritable(path, error);
  }
}

/** Whether a report can be written there, asked before the run that it is to tell of. @throws file-unwritable */
export async function checkReportPlace(path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK);
    const standing = await stat(path).catch(() => undefined);
    if (standing?.isDirectory() === true) throw new Error("it is a folder");
  } catch (error) {
    throw unwritable(path, error);
  }
}

function unwritable(path: string, cause: unknown): ChartferryError {
  return new ChartferryError(`cannot write the report ${path}: ${cause instanceof Error ? cause.message : "unknown error"}`, {
    code: "file-unwritable",
    operation: "write report",
    hint: "choose another place with --report FILE; run the same command again to get the report",
    cause,
  });
}

async function writePieces(file: FileHandle, pieces: Iterable<string>): Promise<void> {
  try {
    // Not `write`, which may take a part of the piece where the disk is nearly full, and says so in its answer only.
    for (const piece of pieces) await file.appendFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}
