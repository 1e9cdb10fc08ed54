import { randomUUID } from "node:crypto";
import { link, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

import { errnoOf, isMissing } from "../errno.ts";
import { currentProcess, stateOf, type ProcessIdentity } from "./process-identity.ts";

/** A lock that this process holds. */
export interface HeldLock {
  /**
   * Whether the file still names this lock: somebody may have deleted it while its owner lives, and another process may have it since.
   * @throws the file system's own errors, which say neither
   */
  isHeld(): Promise<boolean>;
  /** Harmless when done twice, and once somebody else holds the lock. */
  release(): Promise<void>;
}

/** Why a lock cannot be had. */
export interface LockRefusal {
  /**
   * `alive`: its owner runs on this host. `elsewhere`: it was taken on another host, `contained`: in another PID namespace of this
   * host, as containers have them; nobody can look at their processes from here.
   * `unreadable`: the file is none of ours. `contended`: several processes take it over at this moment.
   */
  readonly kind: "alive" | "elsewhere" | "contained" | "unreadable" | "contended";
  /** Unless unreadable or contended. */
  readonly owner?: Pick<ProcessIdentity, "host" | "pid" | "namespace">;
}

/** Makes the caller's own error of a refusal. */
export type RefuseLock = (refusal: LockRefusal) => Error;

interface LockFile extends ProcessIdentity {
  readonly id: string;
}

const attempts = 50;
/** Bytes; our own lock files take about 200. */
const longestLock = 4096;

/**
 * Takes the lock for this process; its folder must exist. A lock whose owner is dead is taken over at once.
 * @throws what `refuse` makes, and the file system's own errors
 */
export async function takeLock(path: string, refuse: RefuseLock): Promise<HeldLock> {
  const mine: LockFile = { id: randomUUID(), ...(await currentProcess()) };
  const held = { isHeld: () => namesLock(path, mine.id), release: () => releaseLock(path, mine.id) };
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if (await createLock(path, mine)) return held;
    const owner = await readLock(path, refuse);
    if (owner === undefined) continue;
    await refuseLiving(owner, mine, refuse);
    if (await takeOver(path, { dead: owner, mine, refuse })) return held;
  }
  throw refuse({ kind: "contended" });
}

/** Passes where there is no lock, or one whose owner is dead. @throws what `refuse` makes, and the file system's own errors */
export async function refuseLocked(path: string, refuse: RefuseLock): Promise<void> {
  const owner = await readLock(path, refuse);
  if (owner !== undefined) await refuseLiving(owner, await currentProcess(), refuse);
}

async function refuseLiving(owner: LockFile, self: ProcessIdentity, refuse: RefuseLock): Promise<void> {
  const kind = await stateOf(owner, self);
  if (kind !== "dead") throw refuse({ kind, owner: shownOwner(owner) });
}

/** What a file says may be anything, and is printed. */
function shownOwner({ pid, host, namespace }: LockFile): NonNullable<LockRefusal["owner"]> {
  const shown = { pid, host: host.replace(/[^\w.-]/g, "?").slice(0, 100) };
  return namespace === undefined ? shown : { ...shown, namespace: namespace.replace(/[^\w:[\]]/g, "?").slice(0, 40) };
}

async function writeOwn(path: string, mine: LockFile): Promise<void> {
  const handle = await open(path, "wx");
  try {
    await handle.writeFile(`${JSON.stringify(mine)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function nameAside(path: string): string {
  return join(dirname(path), `.chartferry-tmp-lock-${randomUUID()}`);
}

/** Appears complete or not at all: written aside, then linked. File systems without hard links get exclusive creation instead. */
async function createLock(path: string, mine: LockFile): Promise<boolean> {
  const aside = nameAside(path);
  try {
    await writeOwn(aside, mine);
    await link(aside, path).catch(async (error: unknown) => {
      if (!["EPERM", "ENOTSUP", "ENOSYS"].includes(errnoOf(error) ?? "")) throw error;
      await writeOwn(path, mine);
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
 * Only the holder of the marker named after the dead owner's lock may replace that lock, and only while it still is that lock:
 * a slow contender that read the dead owner earlier finds another id and starts over.
 */
async function takeOver(path: string, parties: { dead: LockFile; mine: LockFile; refuse: RefuseLock }): Promise<boolean> {
  const { dead, mine, refuse } = parties;
  const marker = `${path}-takeover-${dead.id}`;
  if (!(await holdMarker(marker, parties))) return false;
  try {
    const owner = await readLock(path, refuse);
    if (owner?.id !== dead.id) return false;
    const aside = nameAside(path);
    await writeOwn(aside, mine);
    await rename(aside, path);
    return true;
  } finally {
    await rm(marker, { force: true });
  }
}

/** A marker whose holder died is a lock like any other: removed by its name alone, it could be that of a living successor. */
async function holdMarker(marker: string, { mine, refuse }: { mine: LockFile; refuse: RefuseLock }): Promise<boolean> {
  if (await createLock(marker, mine)) return true;
  const taker = await readLock(marker, refuse);
  if (taker === undefined || (await stateOf(taker, mine)) !== "dead") return false;
  return takeOver(marker, { dead: taker, mine, refuse });
}

async function namesLock(path: string, id: string): Promise<boolean> {
  const found = await textOf(path);
  return found !== undefined && parseLock(found)?.id === id;
}

async function releaseLock(path: string, id: string): Promise<void> {
  if (await namesLock(path, id).catch(() => false)) await rm(path, { force: true });
}

/** The owner as the file names it; `undefined` where there is no file. */
async function readLock(path: string, refuse: RefuseLock): Promise<LockFile | undefined> {
  const text = await textOf(path);
  if (text === undefined) return undefined;
  const owner = parseLock(text);
  if (owner === undefined) throw refuse({ kind: "unreadable" });
  return owner;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function parseLock(text: string): LockFile | undefined {
  if (text.length > longestLock) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isLockFile(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isLockFile(value: unknown): value is LockFile {
  if (typeof value !== "object" || value === null) return false;
  const fields: Partial<Record<string, unknown>> = { ...value };
  const texts = [fields["host"], fields["boot"], fields["started"], fields["namespace"] === undefined ? "" : fields["namespace"]];
  const id = fields["id"];
  return (
    texts.every((text) => typeof text === "string") && Number.isInteger(fields["pid"]) && typeof id === "string" && /^[\w-]{1,64}$/.test(id)
  );
}
