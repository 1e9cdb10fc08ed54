import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { link, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

import { errnoOf, isMissing } from "../errno.ts";
import { judgeOwner, keepLease, leaseMs, leaseOf, systemLeaseTime, type Lease, type LeaseTime } from "./lock-lease.ts";
import { findRecord, namesRecord, parseRecord, writeRecord, type FoundLock, type LockRecord } from "./lock-record.ts";
import { currentProcess, type ProcessIdentity } from "./process-identity.ts";

/** A lock that this process holds. */
export interface HeldLock {
  /**
   * Whether the file still names this lock: somebody may have deleted it while its owner lives, and another process may have it since.
   * @throws the file system's own errors, which say neither
   */
  isHeld(): Promise<boolean>;
  /** The same, for whoever writes without waiting. @throws the file system's own errors, which say neither */
  isHeldNow(): boolean;
  /** Harmless when done twice, and once somebody else holds the lock. */
  release(): Promise<void>;
}

/** Why a lock cannot be had. */
export interface LockRefusal {
  /**
   * `alive`: its owner runs on this host. `elsewhere`: it was taken on another host, `contained`: in another PID namespace of this
   * host, as containers have them; nobody can look at their processes from here, but see `lease`.
   * `unreadable`: the file is none of ours. `contended`: several processes take it over at this moment.
   * `irremovable`: its lease has run out, and the file system does not let it be removed, see `cause`.
   */
  readonly kind: "alive" | "elsewhere" | "contained" | "unreadable" | "contended" | "irremovable";
  /** Unless unreadable or contended. */
  readonly owner?: Pick<ProcessIdentity, "host" | "pid" | "namespace">;
  /** When the owner took it, in milliseconds since 1970. */
  readonly taken?: number;
  /** Of an owner that cannot be looked at, but shares this kernel's clock. */
  readonly lease?: Lease;
  readonly cause?: unknown;
}

/** Makes the caller's own error of a refusal. */
export type RefuseLock = (refusal: LockRefusal) => Error;

/** Who asks, and how time passes for it. */
interface Asker {
  readonly self: ProcessIdentity;
  readonly refuse: RefuseLock;
  readonly time: LeaseTime;
}

interface Taker extends Asker {
  readonly mine: LockRecord;
}

const attempts = 50;

/**
 * Takes the lock for this process, and renews its lease until the release; its folder must exist. A lock whose owner is dead is taken over
 * at once, and one whose owner cannot be looked at when its lease has run out.
 * @throws what `refuse` makes, and the file system's own errors
 */
export async function takeLock(path: string, refuse: RefuseLock, time: LeaseTime = systemLeaseTime): Promise<HeldLock> {
  const self = await currentProcess();
  const mine: LockRecord = { id: randomUUID(), ...self, taken: time.now(), lease: leaseMs };
  const taker: Taker = { self, refuse, time, mine };
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if (await createLock(path, taker)) return holdLock(path, mine.id, time);
    const found = await readLock(path, refuse);
    if (found === undefined) continue;
    await refuseLiving(found, taker);
    if (await takeOver(path, found, taker)) return holdLock(path, mine.id, time);
  }
  throw refuse({ kind: "contended" });
}

/**
 * Passes where there is no lock, or one whose owner is dead. One whose lease has run out is removed: its owner may only have been stopped,
 * and has to find that out before it writes. @throws what `refuse` makes, and the file system's own errors
 */
export async function refuseLocked(path: string, refuse: RefuseLock, time: LeaseTime = systemLeaseTime): Promise<void> {
  const found = await readLock(path, refuse);
  if (found === undefined) return;
  const asker = { self: await currentProcess(), refuse, time };
  if ((await refuseLiving(found, asker)) === "dead") return;
  await removeLapsed(path, found, asker);
}

async function removeLapsed(path: string, found: FoundLock, asker: Asker): Promise<void> {
  let refused: Error | undefined;
  const noted: RefuseLock = (refusal) => (refused = asker.refuse(refusal));
  try {
    await (await takeLock(path, noted, asker.time)).release();
  } catch (error) {
    throw error === refused ? error : asker.refuse({ ...refusalOf(found, { kind: "irremovable", ...asker }), cause: error });
  }
}

function holdLock(path: string, id: string, time: LeaseTime): HeldLock {
  const stopRenewing = keepLease(path, id, time);
  return {
    isHeld: () => namesRecord(path, id),
    isHeldNow: () => namesRecordNow(path, id),
    async release() {
      stopRenewing();
      if (await namesRecord(path, id).catch(() => false)) await rm(path, { force: true });
    },
  };
}

function namesRecordNow(path: string, id: string): boolean {
  try {
    return parseRecord(readFileSync(path, "utf8"))?.id === id;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function refuseLiving(found: FoundLock, asker: Asker): Promise<"dead" | "lapsed"> {
  const kind = await judgeOwner(found, asker.self, asker.time.now());
  if (kind === "dead" || kind === "lapsed") return kind;
  throw asker.refuse(refusalOf(found, { kind, ...asker }));
}

function refusalOf(found: FoundLock, { kind, self, time }: Asker & Pick<LockRefusal, "kind">): LockRefusal {
  const lease = kind === "alive" ? undefined : leaseOf(found, self, time.now());
  const refusal = { kind, owner: shownOwner(found.record), taken: found.record.taken ?? found.renewed };
  return lease === undefined ? refusal : { ...refusal, lease };
}

/** What a file says may be anything, and is printed. */
function shownOwner({ pid, host, namespace }: LockRecord): NonNullable<LockRefusal["owner"]> {
  const shown = { pid, host: host.replace(/[^\w.-]/g, "?").slice(0, 100) };
  return namespace === undefined ? shown : { ...shown, namespace: namespace.replace(/[^\w:[\]]/g, "?").slice(0, 40) };
}

function nameAside(path: string): string {
  return join(dirname(path), `.chartferry-tmp-lock-${randomUUID()}`);
}

/** Appears complete or not at all: written aside, then linked. File systems without hard links get exclusive creation instead. */
async function createLock(path: string, { mine, time }: Taker): Promise<boolean> {
  const aside = nameAside(path);
  try {
    await writeRecord(aside, mine, time.now());
    await link(aside, path).catch(async (error: unknown) => {
      if (!["EPERM", "ENOTSUP", "ENOSYS"].includes(errnoOf(error) ?? "")) throw error;
      await writeRecord(path, mine, time.now());
    });
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

/**
 * Only the holder of the marker named after the dead owner's lock may replace that lock, and only while it still is that lock, and
 * nobody renewed it: a slow contender that read the dead owner earlier finds another id and starts over.
 */
async function takeOver(path: string, dead: FoundLock, taker: Taker): Promise<boolean> {
  const marker = `${path}-takeover-${dead.record.id}`;
  if (!(await holdMarker(marker, taker))) return false;
  try {
    const found = await readLock(path, taker.refuse);
    if (found?.record.id !== dead.record.id || !(await isGone(found, taker))) return false;
    await replaceLock(path, taker);
    return true;
  } finally {
    await rm(marker, { force: true });
  }
}

async function replaceLock(path: string, { mine, time }: Taker): Promise<void> {
  const aside = nameAside(path);
  try {
    await writeRecord(aside, mine, time.now());
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true }).catch(() => {});
    throw error;
  }
}

/** A marker whose holder died is a lock like any other: removed by its name alone, it could be that of a living successor. */
async function holdMarker(marker: string, taker: Taker): Promise<boolean> {
  if (await createLock(marker, taker)) return true;
  const found = await readLock(marker, taker.refuse);
  if (found === undefined || !(await isGone(found, taker))) return false;
  return takeOver(marker, found, taker);
}

async function isGone(found: FoundLock, { self, time }: Asker): Promise<boolean> {
  return ["dead", "lapsed"].includes(await judgeOwner(found, self, time.now()));
}

/** Without hard links a lock has a moment between its creation and its text; each look gives its writer time for a step. */
const looks = 50;

/** The owner as the file names it; `undefined` where there is no file. */
async function readLock(path: string, refuse: RefuseLock): Promise<FoundLock | undefined> {
  for (let look = 0; look < looks; look += 1) {
    const found = await findRecord(path);
    if (found !== "unreadable") return found;
  }
  throw refuse({ kind: "unreadable" });
}
