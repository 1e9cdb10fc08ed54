import { randomUUID } from "node:crypto";
import { link, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { ChartferryError } from "../errors.ts";
import { ensureDirectory, temporaryPrefix } from "./durable-files.ts";
import { errnoOf, isMissing, writing } from "./file-errors.ts";
import { currentProcess, stateOf, type ProcessIdentity } from "./process-identity.ts";

/** Our own folder at the root of a tree: the lock and unfinished uploads. The leading dot keeps it apart from repositories. */
export const privateFolder = ".chartferry";

export interface TreeLock {
  release(): Promise<void>;
}

interface LockFile extends ProcessIdentity {
  readonly id: string;
}

const attempts = 50;

/** Takes the tree for this process. A lock whose owner is dead is taken over at once. @throws layout-locked, file-unwritable */
export async function lockTree(directory: string): Promise<TreeLock> {
  const folder = join(directory, privateFolder);
  const path = join(folder, "lock");
  return writing(path, "lock layout", async () => {
    await ensureDirectory(folder, "none");
    const mine: LockFile = { id: randomUUID(), ...(await currentProcess()) };
    await refuseLockedParents(directory, mine);
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      if (await createLock(path, mine)) return { release: () => releaseLock(path, mine) };
      const owner = await readLock(path);
      if (owner === undefined) continue;
      await refuseLiving(owner, mine, directory);
      if (await takeOver(path, owner, mine)) return { release: () => releaseLock(path, mine) };
    }
    throw locked(directory, "several processes are taking it over at this moment");
  });
}

/** Whether a directory below an owned root is owned by another living process, which opened that part alone. @throws layout-locked */
export async function refuseForeignLock(directory: string): Promise<void> {
  const owner = await readLock(join(directory, privateFolder, "lock"));
  if (owner !== undefined) await refuseLiving(owner, await currentProcess(), directory);
}

async function refuseLockedParents(directory: string, self: ProcessIdentity): Promise<void> {
  for (let path = dirname(resolve(directory)); path !== dirname(path); path = dirname(path)) {
    const owner = await readLock(join(path, privateFolder, "lock")).catch(() => undefined);
    if (owner !== undefined) await refuseLiving(owner, self, path);
  }
}

async function refuseLiving(owner: LockFile, self: ProcessIdentity, directory: string): Promise<void> {
  const state = await stateOf(owner, self);
  if (state === "dead") return;
  const who = `process ${owner.pid} on host ${owner.host.replace(/[^\w.-]/g, "?").slice(0, 100)}`;
  throw locked(
    directory,
    state === "alive" ? `${who} has it open` : `${who} had it open, and from here nobody can tell whether it still runs`,
  );
}

function locked(directory: string, why: string): ChartferryError {
  return new ChartferryError(`the layout at ${directory} is locked: ${why}`, {
    code: "layout-locked",
    operation: "lock layout",
    retryable: true,
    hint: `stop that process, or, if it is certainly gone, delete ${join(directory, privateFolder, "lock")}`,
  });
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

/** Appears complete or not at all: written aside, then linked. File systems without hard links get exclusive creation instead. */
async function createLock(path: string, mine: LockFile): Promise<boolean> {
  const aside = join(dirname(path), `${temporaryPrefix}lock-${randomUUID()}`);
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
async function takeOver(path: string, dead: LockFile, mine: LockFile): Promise<boolean> {
  const marker = `${path}-takeover-${dead.id}`;
  if (!(await createLock(marker, mine))) {
    const taker = await readLock(marker);
    if (taker !== undefined && (await stateOf(taker, mine)) === "dead") await rm(marker, { force: true });
    return false;
  }
  try {
    const owner = await readLock(path);
    if (owner?.id !== dead.id) return false;
    const aside = join(dirname(path), `${temporaryPrefix}lock-${randomUUID()}`);
    await writeOwn(aside, mine);
    await rename(aside, path);
    return true;
  } finally {
    await rm(marker, { force: true });
  }
}

async function releaseLock(path: string, mine: LockFile): Promise<void> {
  const owner = await readLock(path).catch(() => undefined);
  if (owner?.id === mine.id) await rm(path, { force: true });
}

async function readLock(path: string): Promise<LockFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const owner = parseLock(text);
  if (owner !== undefined) return owner;
  throw locked(dirname(dirname(path)), "its lock file is not readable as one of ours");
}

function parseLock(text: string): LockFile | undefined {
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
  const texts = [fields["host"], fields["boot"], fields["started"]];
  const id = fields["id"];
  return (
    texts.every((text) => typeof text === "string") && Number.isInteger(fields["pid"]) && typeof id === "string" && /^[\w-]{1,64}$/.test(id)
  );
}
