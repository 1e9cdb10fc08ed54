import { createHash, randomUUID, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

import { ChartferryError } from "../errors.ts";
import { writing } from "./file-errors.ts";
import { requireWritable, type LayoutContext } from "./layout-context.ts";
import { defaultUploadLimits, tooLargeBlob, tooManyPending, type UploadLimits } from "./upload-limits.ts";
import { restoreSessions, writeSessionInfo } from "./upload-restore.ts";
import type { UploadSession } from "./upload-session.ts";

/** Unfinished uploads of one tree. */
export interface Uploads {
  readonly context: LayoutContext;
  readonly limits: UploadLimits;
  readonly sessions: Map<string, UploadSession>;
  pendingBytes: number;
}

export interface UploadBody {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Content-Length, where it was given. */
  readonly declaredSize: number | undefined;
  /** Where the chunk claims to start (Content-Range). */
  readonly offset?: number | undefined;
}

export async function openUploads(context: LayoutContext, limits: Partial<UploadLimits> = {}): Promise<Uploads> {
  const uploads: Uploads = { context, limits: { ...defaultUploadLimits, ...limits }, sessions: new Map(), pendingBytes: 0 };
  if (context.readOnly) return uploads;
  for (const session of await restoreSessions(context.scratch)) {
    uploads.sessions.set(session.id, session);
    uploads.pendingBytes += session.size;
  }
  await dropExpired(uploads);
  return uploads;
}

/** @throws rate-limited, read-only */
export async function beginUpload(uploads: Uploads, repository: string, algorithm = "sha256"): Promise<UploadSession> {
  requireWritable(uploads.context, "push blob");
  await dropExpired(uploads);
  const room = uploads.sessions.size >= uploads.limits.maxSessions ? dropOldestEmpty(uploads) : undefined;
  const session: UploadSession = {
    id: randomUUID(),
    repository,
    size: 0,
    algorithm,
    hash: createHash(algorithm),
    touchedAt: uploads.context.clock.now(),
    busy: false,
    hasFiles: false,
  };
  // Before anything is waited for: else the room that was made could be given away twice.
  uploads.sessions.set(session.id, session);
  await room;
  return session;
}

/** Uploads that were begun and never sent a byte cost nothing and make room. @throws rate-limited */
function dropOldestEmpty(uploads: Uploads): Promise<void> {
  for (const session of uploads.sessions.values()) if (session.size === 0 && !session.busy) return dropUpload(uploads, session);
  throw tooManyPending("uploads");
}

async function dropExpired(uploads: Uploads): Promise<void> {
  const limit = uploads.context.clock.now() - uploads.limits.sessionLifetimeMs;
  for (const session of uploads.sessions.values()) if (session.touchedAt < limit && !session.busy) await dropUpload(uploads, session);
}

/** @throws upload-lost when there is none of that id in the repository */
export function findUpload(uploads: Uploads, repository: string, id: string): UploadSession {
  const session = uploads.sessions.get(id);
  if (session !== undefined && session.repository === repository) return session;
  throw new ChartferryError("there is no such upload: it was finished, cancelled or has expired", {
    code: "upload-lost",
    operation: "push blob",
    repository,
    hint: "begin a new upload",
  });
}

/**
 * Ends an upload; nothing happens where it has ended already.
 * @throws conflict while a request is adding to it
 */
export async function cancelUpload(uploads: Uploads, session: UploadSession): Promise<void> {
  if (uploads.sessions.has(session.id)) await alone(uploads, session, () => dropUpload(uploads, session));
}

/** Only for whoever is alone with the upload: what another request added meanwhile would be counted for ever. */
export async function dropUpload(uploads: Uploads, session: UploadSession): Promise<void> {
  if (!uploads.sessions.delete(session.id)) return;
  uploads.pendingBytes -= session.size;
  if (session.hasFiles) await removeFiles(uploads, session);
}

/** Where the bytes of an upload lie. */
export function fileOf(uploads: Uploads, session: UploadSession): string {
  return join(uploads.context.scratch, session.id);
}

async function removeFiles(uploads: Uploads, session: UploadSession): Promise<void> {
  await rm(fileOf(uploads, session), { force: true });
  await rm(`${fileOf(uploads, session)}.json`, { force: true });
}

/**
 * Adds a chunk. When the sender breaks off, what came stays, and it can go on from there.
 * @throws conflict (another request is adding, or the chunk does not continue what is there), too-large, rate-limited, file-unwritable
 */
export async function appendToUpload(uploads: Uploads, session: UploadSession, body: UploadBody): Promise<void> {
  requireWritable(uploads.context, "push blob");
  if (body.offset !== undefined && body.offset !== session.size) throw outOfOrder(session, body.offset);
  await alone(uploads, session, () => addBytes(uploads, session, body));
}

/** One request at a time adds to an upload or ends it. @throws conflict, upload-lost when it ended since it was found */
export async function alone<T>(uploads: Uploads, session: UploadSession, run: () => Promise<T>): Promise<T> {
  findUpload(uploads, session.repository, session.id);
  if (session.busy) throw outOfOrder(session, undefined);
  session.busy = true;
  try {
    return await run();
  } finally {
    session.busy = false;
  }
}

/** Why a chunk cannot be added now. */
export function outOfOrder(session: UploadSession, offset: number | undefined): ChartferryError {
  const why =
    offset === undefined
      ? "another request is adding to this upload"
      : `the chunk starts at ${offset}, the upload stands at ${session.size}`;
  return new ChartferryError(why, {
    code: "conflict",
    operation: "push blob",
    repository: session.repository,
    hint: "ask for the upload's state and go on from there",
  });
}

/** Appends a body; what came before it broke off stays. */
export async function addBytes(uploads: Uploads, session: UploadSession, body: UploadBody): Promise<void> {
  if (session.size + (body.declaredSize ?? 0) > uploads.limits.maxBlobBytes) throw tooLargeBlob(uploads.limits);
  let file: FileHandle | undefined;
  try {
    for await (const chunk of body.chunks) {
      if (chunk.byteLength === 0) continue;
      file ??= await openForAppend(uploads, session);
      await addChunk(uploads, session, { file, chunk });
    }
  } finally {
    await file?.close();
  }
}

async function openForAppend(uploads: Uploads, session: UploadSession): Promise<FileHandle> {
  const path = fileOf(uploads, session);
  return writing(path, "push blob", async () => {
    session.hasFiles = true;
    if (session.size === 0) await writeSessionInfo(path, session);
    session.hash ??= await hashFile(path, session.algorithm);
    return open(path, "a", 0o644);
  });
}

async function addChunk(uploads: Uploads, session: UploadSession, { file, chunk }: { file: FileHandle; chunk: Uint8Array }): Promise<void> {
  if (session.size + chunk.byteLength > uploads.limits.maxBlobBytes) throw tooLargeBlob(uploads.limits);
  if (uploads.pendingBytes + chunk.byteLength > uploads.limits.maxPendingBytes) throw tooManyPending("bytes of uploads");
  await writing(fileOf(uploads, session), "push blob", () => file.appendFile(chunk)).catch(async (error: unknown) => {
    await file.truncate(session.size).catch(() => {});
    throw error;
  });
  session.hash?.update(chunk);
  session.size += chunk.byteLength;
  uploads.pendingBytes += chunk.byteLength;
  session.touchedAt = uploads.context.clock.now();
}

/** The running hash over what is already in the file. */
export async function hashFile(path: string, algorithm: string): Promise<Hash> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path)) if (chunk instanceof Uint8Array) hash.update(chunk);
  return hash;
}
