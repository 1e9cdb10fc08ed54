import { randomUUID } from "node:crypto";
import { open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { errnoOf } from "../errno.ts";
import { makeFolder } from "../make-folder.ts";

/**
 * `fsync`: what was acknowledged survives a power cut. `none`: it survives the death of the process, not of the machine.
 */
export type Durability = "fsync" | "none";

/** Names that start so are ours and unfinished; a crash may leave them, and whoever owns the layout may delete them. */
export const temporaryPrefix = ".chartferry-tmp-";

/** Makes the bytes of a finished file durable. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Removes what a crash left unfinished directly in a directory. Only for its owner, and before it writes there. */
export async function removeUnfinished(directory: string): Promise<void> {
  // A folder that cannot be read is reported by whoever needs what is in it; debris that stays does no harm.
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.isFile() && entry.name.startsWith(temporaryPrefix)) await rm(join(directory, entry.name), { force: true }).catch(() => {});
  }
}

const running = new Map<string, { promise: Promise<void>; again: Promise<void> | undefined }>();

async function syncNow(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } catch (error) {
    // Some file systems have no fsync for directories; they order renames themselves.
    if (!["EINVAL", "ENOTSUP", "EPERM", "EISDIR", "EBADF"].includes(errnoOf(error) ?? "")) throw error;
  } finally {
    await handle.close();
  }
}

/**
 * Makes the names in a directory durable. Calls that arrive while one runs share the next one,
 * so that many writers cost two fsyncs rather than one each.
 */
export function syncDirectory(directory: string): Promise<void> {
  const current = running.get(directory);
  if (current?.again !== undefined) return current.again;
  if (current !== undefined) {
    current.again = current.promise.then(
      () => startSync(directory),
      () => startSync(directory),
    );
    return current.again;
  }
  return startSync(directory);
}

function startSync(directory: string): Promise<void> {
  const entry: { promise: Promise<void>; again: Promise<void> | undefined } = { promise: Promise.resolve(), again: undefined };
  running.set(directory, entry);
  entry.promise = syncNow(directory).finally(() => {
    if (running.get(directory) === entry && entry.again === undefined) running.delete(directory);
  });
  return entry.promise;
}

/** A fresh name in the same directory, so that the rename that follows is atomic. */
function temporaryName(path: string): string {
  return join(dirname(path), `${temporaryPrefix}${basename(path).slice(0, 40)}-${randomUUID()}`);
}

/** Writes beside the target and renames: readers see the old bytes or the new ones, never a part. Syncs the directory too. */
export async function replaceFile(path: string, bytes: Uint8Array, durability: Durability): Promise<void> {
  await placeFile(path, { bytes, durability, temporary: temporaryName(path) });
  if (durability === "fsync") await syncDirectory(dirname(path));
}

/** Temporary name, bytes, optional fsync, rename. The directory entry itself is not synced. */
export async function placeFile(path: string, content: { bytes: Uint8Array; durability: Durability; temporary: string }): Promise<void> {
  try {
    const handle = await open(content.temporary, "wx", 0o644);
    try {
      await handle.writeFile(content.bytes);
      if (content.durability === "fsync") await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(content.temporary, path);
  } catch (error) {
    await rm(content.temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/** Makes a directory and its parents; with `fsync` every new name is durable. */
export async function ensureDirectory(directory: string, durability: Durability): Promise<void> {
  const made = await makeFolder(directory);
  if (durability === "fsync") for (const path of made.toReversed()) await syncDirectory(dirname(path));
}
