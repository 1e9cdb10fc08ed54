import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/**
 * Makes a folder and those above it where they are missing; answers those it made, the outermost first. Step by step: the recursive
 * form of node's `mkdir` never ends below a place that answers "no such file" to every attempt, as /proc does, and no signal ends it.
 * @throws the file system's own errors
 */
export async function makeFolder(path: string, mode?: number): Promise<string[]> {
  const missing: string[] = [];
  for (let folder = resolve(path); !(await isFolder(folder)) && folder !== dirname(folder); folder = dirname(folder)) missing.push(folder);
  const made: string[] = [];
  for (const folder of missing.toReversed()) if (await makeOne(folder, mode)) made.push(folder);
  return made;
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    // What cannot be looked at cannot be made either, and `mkdir` says why.
    () => false,
  );
}

/** `false`: another process made it at this moment. */
async function makeOne(folder: string, mode: number | undefined): Promise<boolean> {
  try {
    await mkdir(folder, mode);
    return true;
  } catch (error) {
    if (await isFolder(folder)) return false;
    throw error;
  }
}
