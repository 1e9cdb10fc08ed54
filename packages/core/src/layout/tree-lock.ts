import { dirname, join, resolve } from "node:path";

import { ChartferryError } from "../errors.ts";
import { refuseLocked, takeLock, type HeldLock, type LockRefusal, type RefuseLock } from "../lock/lock-file.ts";
import { ensureDirectory } from "./durable-files.ts";
import { writing } from "./file-errors.ts";

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

/** What cannot be read in a parent, a lock file included, says nothing about this tree. */
async function refuseLockedParents(directory: string): Promise<void> {
  for (let path = dirname(resolve(directory)); path !== dirname(path); path = dirname(path)) {
    await refuseLocked(lockPath(path), parentLocked(path)).catch((error: unknown) => {
      if (error instanceof ChartferryError) throw error;
    });
  }
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

function reasonOf({ kind, owner }: LockRefusal): string {
  const who = `process ${owner?.pid} on host ${owner?.host}`;
  if (kind === "alive") return `${who} has it open`;
  if (kind === "elsewhere") return `${who} had it open, and from here nobody can tell whether it still runs`;
  return kind === "unreadable" ? "its lock file is not readable as one of ours" : "several processes are taking it over at this moment";
}
