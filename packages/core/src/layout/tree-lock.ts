import { realpath } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { errnoOf } from "../errno.ts";
import { ChartferryError } from "../errors.ts";
import { refuseLocked, takeLock, type HeldLock, type LockRefusal, type RefuseLock } from "../lock/lock-file.ts";
import { sayLease } from "../lock/lock-lease.ts";
import { ensureDirectory } from "./durable-files.ts";
import { reading, writing } from "./file-errors.ts";

/** Our own folder at the root of a tree: the lock and unfinished uploads. The leading dot keeps it apart from repositories. */
export const privateFolder = ".chartferry";

function lockPath(directory: string): string {
  return join(directory, privateFolder, "lock");
}

/** Takes the tree for this process. A lock whose owner is dead is taken over at once. @throws layout-locked, file-unwritable */
export async function lockTree(directory: string): Promise<HeldLock> {
  const path = lockPath(directory);
  return writing(path, "lock layout", async () => {
    await ensureDirectory(dirname(path), "none");
    await refuseLockedParents(directory);
    return takeLock(path, locked(directory));
  });
}

/** Whether a directory below an owned root is owned by another living process, which opened that part alone. @throws layout-locked */
export async function refuseForeignLock(directory: string): Promise<void> {
  await refuseLocked(lockPath(directory), locked(directory));
}

/** @throws layout-locked where the tree's lock is no longer this process's: whoever has it since wrote an index that ours must not replace */
export async function requireHeld(lock: HeldLock, directory: string): Promise<void> {
  const path = lockPath(directory);
  if (await reading(path, "look for the lock", () => lock.isHeld())) return;
  throw new ChartferryError(`the layout at ${directory} is locked: its lock ${path} was deleted or taken while this process had it`, {
    code: "layout-locked",
    operation: "write index",
    hint: "let one process at a time write to that folder, and run it again: what another one wrote there since is left as it is",
  });
}

/** By both names where a link leads to the tree. */
async function refuseLockedParents(directory: string): Promise<void> {
  const named = resolve(directory);
  const real = await realpath(named);
  for (const path of new Set([...parentsOf(named), ...parentsOf(real)])) await refuseLockedParent(path);
}

function parentsOf(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...parentsOf(parent)];
}

/** What cannot be read in a parent, a lock file included, says nothing about this tree. */
async function refuseLockedParent(path: string): Promise<void> {
  await refuseLocked(lockPath(path), parentLocked(path)).catch((error: unknown) => {
    if (error instanceof ChartferryError) throw error;
  });
}

function parentLocked(directory: string): RefuseLock {
  return (refusal) => (refusal.kind === "unreadable" ? new Error("passed over") : locked(directory)(refusal));
}

function locked(directory: string): RefuseLock {
  return (refusal) =>
    new ChartferryError(`the layout at ${directory} is locked: ${reasonOf(refusal)}`, {
      code: "layout-locked",
      operation: "lock layout",
      retryable: true,
      hint: `stop that process, or, if it is certainly gone, delete ${lockPath(directory)}`,
    });
}

const unknowable = "had it open, and from here nobody can tell whether it still runs";

function reasonOf({ kind, owner, lease, cause }: LockRefusal): string {
  const who = `process ${owner?.pid} on host ${owner?.host}`;
  const unknown = `${unknowable}${sayLease(lease)}`;
  if (kind === "alive") return `${who} has it open`;
  if (kind === "contained") return `${who}, in another container (PID namespace ${owner?.namespace ?? "unknown"}), ${unknown}`;
  if (kind === "elsewhere") return `${who} ${unknown}`;
  if (kind === "irremovable") return `${who} had it open and renews its lock no more, but ${notRemoved(cause)}`;
  return kind === "unreadable" ? "its lock file is not readable as one of ours" : "several processes are taking it over at this moment";
}

function notRemoved(cause: unknown): string {
  return `the file system does not let it be removed (${errnoOf(cause) ?? "for no reason that it gives"})`;
}
