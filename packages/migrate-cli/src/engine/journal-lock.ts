import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";

import { ChartferryError } from "@chartferry/core";

/** Who holds a lock: enough to tell a living owner from a dead one on the same machine. */
export interface LockOwner {
  readonly host: string;
  /** Changes at every boot; empty where the system has none. */
  readonly boot: string;
  readonly pid: number;
  /** Start of the process as the system counts it; empty where it does not say. Process ids are used again. */
  readonly started: string;
}

/** Frees the lock; harmless when done twice. */
export type Unlock = () => void;

/** Makes this process the only writer of `path`, at once when the former owner is dead. @throws journal-locked, file-unwritable */
export function lockJournal(path: string, self: LockOwner = thisProcess()): Unlock {
  const lockPath = `${path}.lock`;
  const mine = JSON.stringify(self);
  for (let round = 0; round < 5; round++) {
    if (createWith(lockPath, mine)) return () => unlock(lockPath, mine);
    const text = readText(lockPath);
    const owner = readOwner(text);
    if (owner !== undefined && isAlive(owner, self)) throw lockedBy(owner, { path, self });
    if (text !== "") removeDead(lockPath, text);
  }
  throw new ChartferryError(`cannot lock the journal ${path}`, { code: "journal-locked", operation: "lock journal", retryable: true });
}

/** Appears whole or not at all: a reader never sees a lock without its owner. */
function createWith(lockPath: string, content: string): boolean {
  const temporary = `${lockPath}.${randomBytes(6).toString("hex")}`;
  try {
    writeFileSync(temporary, content, { flag: "wx", mode: 0o600 });
    linkSync(temporary, lockPath);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw new ChartferryError(`cannot write ${lockPath}: ${codeOf(error)}`, {
      code: "file-unwritable",
      operation: "lock journal",
      hint: "choose another place with --journal FILE, or go without with --no-journal",
      cause: error,
    });
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Takes the dead owner's lock aside; when another process was faster, its living lock is put back. */
function removeDead(lockPath: string, judged: string): void {
  const aside = `${lockPath}.${randomBytes(6).toString("hex")}`;
  try {
    renameSync(lockPath, aside);
    if (readText(aside) !== judged) linkSync(aside, lockPath);
  } catch {
    // Gone already: the next round finds out who has it.
  } finally {
    rmSync(aside, { force: true });
  }
}

function unlock(lockPath: string, mine: string): void {
  if (readText(lockPath) === mine) rmSync(lockPath, { force: true });
}

function isAlive(owner: LockOwner, self: LockOwner): boolean {
  if (owner.host !== self.host) return true;
  if (owner.boot !== self.boot) return false;
  if (owner.pid === self.pid) return owner.started === self.started;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
  return owner.started === "" || owner.started === processStart(owner.pid);
}

function lockedBy(owner: LockOwner, { path, self }: { path: string; self: LockOwner }): ChartferryError {
  const elsewhere = owner.host !== self.host;
  const hint = elsewhere
    ? `when no migration runs on ${owner.host}, delete ${path}.lock; or choose another file with --journal FILE`
    : "wait for that run to end, or choose another file with --journal FILE";
  return new ChartferryError(`the journal ${path} is in use by process ${owner.pid} on ${owner.host}`, {
    code: "journal-locked",
    operation: "lock journal",
    retryable: true,
    hint,
  });
}

function readOwner(text: string): LockOwner | undefined {
  try {
    const { host, boot, pid, started }: Partial<LockOwner> = JSON.parse(text);
    const whole = typeof host === "string" && typeof boot === "string" && typeof started === "string" && Number.isSafeInteger(pid);
    return whole ? { host: host.slice(0, 255), boot, started, pid: pid ?? 0 } : undefined;
  } catch {
    return undefined;
  }
}

/** This process as others will judge it. */
export function thisProcess(): LockOwner {
  return {
    host: hostname(),
    boot: readText("/proc/sys/kernel/random/boot_id").trim(),
    pid: process.pid,
    started: processStart(process.pid),
  };
}

/** Field 22 of /proc/PID/stat, after the name, which may hold blanks and brackets. Source: proc(5). */
function processStart(pid: number): string {
  const stat = readText(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").slice(0, 4096);
  } catch {
    return "";
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown";
}
