import { ChartferryError, sayLease, takeLock, type HeldLock, type LockRefusal } from "@chartferry/core";

/**
 * Makes this process the only writer of the journal, at once when the former owner is dead. The path is one without links: a lock
 * beside a link would let in whoever comes by another name. @throws journal-locked, and file errors
 */
export function lockJournal(path: string): Promise<HeldLock> {
  return takeLock(`${path}.lock`, (refusal) => locked(path, refusal));
}

function locked(path: string, refusal: LockRefusal): ChartferryError {
  return new ChartferryError(`the journal ${path} is ${reasonOf(refusal)}`, {
    code: "journal-locked",
    operation: "lock journal",
    retryable: true,
    hint: hintOf(path, refusal),
  });
}

/** @throws journal-locked where another run may write the journal by now; what stands there since must not be written over */
export function requireJournal(path: string, lock: HeldLock): void {
  if (lock.isHeldNow()) return;
  throw new ChartferryError(`the journal ${path} is locked: its lock was deleted or taken while this run had it`, {
    code: "journal-locked",
    operation: "write journal",
    hint: "let one run at a time write to that journal",
  });
}

function reasonOf({ kind, owner, taken, lease }: LockRefusal): string {
  if (kind === "unreadable") return "locked, by a file that is not readable as one of ours";
  if (kind === "contended") return "locked: several runs begin at this moment";
  const container = kind === "contained" ? ` in another container (PID namespace ${owner?.namespace ?? "unknown"})` : "";
  return `in use by process ${owner?.pid} on ${owner?.host}${container}${sinceOf(taken)}${sayLease(lease)}`;
}

/** It tells a run that goes on from one that was forgotten. */
function sinceOf(taken: number | undefined): string {
  return taken === undefined ? "" : ` since ${new Date(taken).toISOString().slice(0, 19)}Z`;
}

function hintOf(path: string, { kind, owner }: LockRefusal): string {
  const elsewhere = "choose another file with --journal FILE";
  if (kind === "elsewhere") return `when no migration runs on ${owner?.host}, delete ${path}.lock; or ${elsewhere}`;
  if (kind === "contained") return `when no migration runs in another container of ${owner?.host}, delete ${path}.lock; or ${elsewhere}`;
  if (kind === "unreadable") return `when no migration writes to it, delete ${path}.lock; or ${elsewhere}`;
  return `wait for that run to end, or ${elsewhere}`;
}
