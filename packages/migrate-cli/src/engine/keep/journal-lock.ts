import { statSync } from "node:fs";

import { ChartferryError, takeLock, type HeldLock, type LockRefusal } from "@chartferry/core";

/**
 * Makes this process the only writer of the journal, at once when the former owner is dead. The path is one without links: a lock
 * beside a link would let in whoever comes by another name. @throws journal-locked, and file errors
 */
export function lockJournal(path: string): Promise<HeldLock> {
  return takeLock(`${path}.lock`, (refusal) => locked(path, refusal));
}

function locked(path: string, refusal: LockRefusal): ChartferryError {
  return new ChartferryError(`the journal ${path} is ${reasonOf(path, refusal)}`, {
    code: "journal-locked",
    operation: "lock journal",
    retryable: true,
    hint: hintOf(path, refusal),
  });
}

function reasonOf(path: string, { kind, owner }: LockRefusal): string {
  if (kind === "unreadable") return "locked, by a file that is not readable as one of ours";
  if (kind === "contended") return "locked: several runs begin at this moment";
  const container = kind === "contained" ? ` in another container (PID namespace ${owner?.namespace ?? "unknown"})` : "";
  return `in use by process ${owner?.pid} on ${owner?.host}${container}${sinceOf(path)}`;
}

/** When the lock was taken, by the file's time: it tells a run that goes on from one that was forgotten. */
function sinceOf(path: string): string {
  const taken = statSync(`${path}.lock`, { throwIfNoEntry: false })?.mtime;
  return taken === undefined ? "" : ` since ${taken.toISOString().slice(0, 19)}Z`;
}

function hintOf(path: string, { kind, owner }: LockRefusal): string {
  const elsewhere = "choose another file with --journal FILE";
  if (kind === "elsewhere") return `when no migration runs on ${owner?.host}, delete ${path}.lock; or ${elsewhere}`;
  if (kind === "contained") return `when no migration runs in another container of ${owner?.host}, delete ${path}.lock; or ${elsewhere}`;
  if (kind === "unreadable") return `when no migration writes to it, delete ${path}.lock; or ${elsewhere}`;
  return `wait for that run to end, or ${elsewhere}`;
}
