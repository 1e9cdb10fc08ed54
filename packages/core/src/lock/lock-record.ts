import { open, readFile, rm, type FileHandle } from "node:fs/promises";

import { isMissing } from "../errno.ts";
import type { ProcessIdentity } from "./process-identity.ts";

/** What stands in a lock file. */
export interface LockRecord extends ProcessIdentity {
  readonly id: string;
  /** Milliseconds since 1970. Absent in locks of versions that renewed none: there the file's time says it. */
  readonly taken?: number;
  /** Milliseconds; the owner renews the file's time several times within them. Absent where it cannot, and in locks of versions that did not. */
  readonly lease?: number;
}

export interface FoundLock {
  readonly record: LockRecord;
  /** The file's time, in milliseconds since 1970: when its owner renewed it last. */
  readonly renewed: number;
}

/** Bytes; our own lock files take about 250. */
const longestLock = 4096;

/** Made anew, with the time `now` on it and without a lease where the file system takes no times. Complete or not there. @throws EEXIST, and other file errors */
export async function writeRecord(path: string, record: LockRecord, now: number): Promise<void> {
  const handle = await open(path, "wx");
  try {
    try {
      await fill(handle, record, now);
    } finally {
      await handle.close();
    }
  } catch (error) {
    // On a full disk it would be empty: nobody's, and never to be taken over.
    await rm(path, { force: true }).catch(() => {});
    throw error;
  }
}

async function fill(handle: FileHandle, record: LockRecord, now: number): Promise<void> {
  const { lease, ...plain } = record;
  const time = new Date(now);
  const renewable = await handle.utimes(time, time).then(
    () => lease !== undefined,
    () => false,
  );
  await handle.writeFile(`${JSON.stringify(renewable ? record : plain)}\n`);
  // Not the time of writing: a file server has a clock of its own.
  if (renewable) await handle.utimes(time, time);
  await handle.sync();
}

/**
 * Puts the time `now` on the file that was found to be this lock, even when another one takes its place meanwhile.
 * Answers whether it is this lock. @throws file errors, which say neither
 */
export async function renewRecord(path: string, id: string, now: number): Promise<boolean> {
  const handle = await open(path, "r+").catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (handle === undefined) return false;
  try {
    if (parseRecord(await handle.readFile("utf8"))?.id !== id) return false;
    await handle.utimes(new Date(now), new Date(now));
    return true;
  } finally {
    await handle.close();
  }
}

/** `undefined` where there is no file, `unreadable` where it is none of ours. */
export async function findRecord(path: string): Promise<FoundLock | "unreadable" | undefined> {
  try {
    const handle = await open(path, "r");
    try {
      const record = parseRecord(await handle.readFile("utf8"));
      return record === undefined ? "unreadable" : { record, renewed: (await handle.stat()).mtimeMs };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export async function namesRecord(path: string, id: string): Promise<boolean> {
  try {
    return parseRecord(await readFile(path, "utf8"))?.id === id;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

export function parseRecord(text: string): LockRecord | undefined {
  if (text.length > longestLock) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is LockRecord {
  if (typeof value !== "object" || value === null) return false;
  const fields: Partial<Record<string, unknown>> = { ...value };
  const texts = [fields["host"], fields["boot"], fields["started"], fields["namespace"] ?? ""];
  if (fields["namespace"] === null || !texts.every((text) => typeof text === "string")) return false;
  if (![fields["taken"], fields["lease"]].every((span) => span === undefined || isSpan(span))) return false;
  const id = fields["id"];
  return Number.isInteger(fields["pid"]) && typeof id === "string" && /^[\w-]{1,64}$/.test(id);
}

function isSpan(value: unknown): boolean {
  // The longest time that a date can have.
  return typeof value === "number" && value > 0 && value <= 8.64e15;
}
