import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";

import { ChartferryError, errnoOf, makeFolder, unwritableCode } from "@chartferry/core";

import { probeFolder } from "./probe-folder.ts";

/** Whether a folder can be written to, or could be made, tried before anything is fetched for it. @throws file-unwritable, disk-full */
export async function checkDestination(directory: string): Promise<void> {
  const place = nearestStanding(resolve(directory));
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory() === false) throw unwritable(directory, `${place} is a file, not a folder`);
  try {
    await probeFolder(place);
  } catch (error) {
    // The folder has just been seen: one that answers so takes no files at all, as /proc does.
    throw unwritable(directory, errnoOf(error) === "ENOENT" ? `no file can be made in ${place}` : error);
  }
}

function nearestStanding(path: string): string {
  const parent = dirname(path);
  return parent === path || isThere(path) ? path : nearestStanding(parent);
}

/** Below a file there is nothing, and asking is an error of its own. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

/** Makes the folder where there is none. @throws file-unwritable */
export async function makeDestination(directory: string): Promise<void> {
  try {
    await makeFolder(directory);
  } catch (error) {
    throw unwritable(directory, error);
  }
}

const reasons: Readonly<Record<string, string>> = {
  EEXIST: "a file of that name stands there",
  ENOTDIR: "a part of the path is a file, not a folder",
  ENOENT: "the folder is not there",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is mounted read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EISDIR: "a folder of that name stands there",
};

/** What keeps a chart from being written; `why` is a sentence, or what the file system said. */
export function unwritable(path: string, why: unknown): ChartferryError {
  const code = errnoOf(why) ?? "unknown reason";
  return new ChartferryError(`cannot write ${path}: ${typeof why === "string" ? why : (reasons[code] ?? code)}`, {
    code: unwritableCode(why),
    operation: "pull chart",
    hint: "choose another folder with --destination DIR",
    cause: why,
  });
}
