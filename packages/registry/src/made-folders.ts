import { rmdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { privateFolder } from "@chartferry/core/layout";

/** The folder and those above it that are not there yet, the innermost first. */
export async function missingFolders(directory: string): Promise<readonly string[]> {
  const missing: string[] = [];
  for (let path = resolve(directory); !(await isThere(path)) && path !== dirname(path); path = dirname(path)) missing.push(path);
  return missing;
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Takes away what a registry made that never came to serve: empty folders only, since somebody else may have put something there meanwhile. */
export async function removeMade(folders: readonly string[]): Promise<void> {
  const [innermost] = folders;
  if (innermost === undefined) return;
  const own = join(innermost, privateFolder);
  try {
    for (const folder of [join(own, "uploads"), own, ...folders]) await rmdir(folder);
  } catch {
    // Not empty, or not there: a folder too many does no harm.
  }
}
