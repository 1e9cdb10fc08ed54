import { randomBytes } from "node:crypto";
import { access, constants, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname, join, basename } from "node:path";

import { ChartferryError, isChartferryError, unwritableCode } from "@chartferry/core";

import { writePieces } from "../../terminal/write-pieces.ts";
import { probeFolder } from "../probe-folder.ts";
import { reportPlace } from "./report-place.ts";
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

/** Writes pieces of text so that the path never names half of them; a device or a pipe takes them as they come. @throws file-unwritable, disk-full */
export async function writeDocument(path: string, pieces: Iterable<string>): Promise<void> {
  try {
    const place = await reportPlace(path);
    if (place.kind === "file") await replaceFile(place, pieces);
    else if (place.kind === "device") await writeThrough(place, pieces);
    else await writePieces(place.stream, pieces);
  } catch (error) {
    // The records come from a temporary file, whose own failure is told as such.
    throw isChartferryError(error) ? error : unwritable(path, error);
  }
}

/** Whether a report can be written there, asked before the run that it is to tell of. @throws file-unwritable, disk-full */
export async function checkReportPlace(path: string): Promise<void> {
  try {
    const place = await reportPlace(path);
    if (place.kind === "file") await probeFolder(dirname(place.path));
    // A pipe is not opened to try: its reader would see it end.
    else if (place.kind === "device") await access(path, constants.W_OK);
  } catch (error) {
    throw unwritable(path, error);
  }
}

async function replaceFile(
  { path, mode }: { readonly path: string; readonly mode: number | undefined },
  pieces: Iterable<string>,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
  try {
    const file = await open(temporary, "wx", mode ?? 0o644);
    await fill(file, pieces, async () => {
      // What the umask took from the mode of the file that is replaced.
      if (mode !== undefined) await file.chmod(mode);
      await file.sync();
    });
    await rename(temporary, path);
  } catch (error) {
    // Why it could not be written says more than why nothing could be removed.
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

async function writeThrough({ path, pipe }: { readonly path: string; readonly pipe: boolean }, pieces: Iterable<string>): Promise<void> {
  // Opening a pipe that nobody reads from would never end. This says so at once (ENXIO), and keeps the pipe until it is open for good.
  const reader = pipe ? await open(path, constants.O_WRONLY | constants.O_NONBLOCK) : undefined;
  try {
    await fill(await open(path, constants.O_WRONLY), pieces);
  } finally {
    await reader?.close();
  }
}

function unwritable(path: string, cause: unknown): ChartferryError {
  return new ChartferryError(`cannot write the report ${path}: ${cause instanceof Error ? cause.message : "unknown error"}`, {
    code: unwritableCode(cause),
    operation: "write report",
    hint: "choose another place with --report FILE; run the same command again to get the report",
    cause,
  });
}

async function fill(file: FileHandle, pieces: Iterable<string>, finish?: () => Promise<void>): Promise<void> {
  try {
    // Not `write`, which may take a part of the piece where the disk is nearly full, and says so in its answer only.
    for (const piece of pieces) await file.appendFile(piece);
    await finish?.();
  } finally {
    await file.close();
  }
}
