import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { makeFolder } from "../make-folder.ts";
import { isRepositoryName } from "./layout-names.ts";
import type { UploadSession } from "./upload-session.ts";

const idPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What the bytes alone do not tell, beside them, so that an upload can go on after a restart. */
export async function writeSessionInfo(path: string, session: Pick<UploadSession, "repository" | "algorithm">): Promise<void> {
  await writeFile(`${path}.json`, JSON.stringify({ repository: session.repository, algorithm: session.algorithm }));
}

/** Unfinished uploads that an earlier process left; everything else in the folder is debris and is removed. */
export async function restoreSessions(scratch: string): Promise<UploadSession[]> {
  await makeFolder(scratch);
  const names = new Set(await readdir(scratch));
  const sessions: UploadSession[] = [];
  for (const name of names) {
    const id = name.endsWith(".json") ? name.slice(0, -5) : name;
    const session = idPattern.test(id) && names.has(id) && names.has(`${id}.json`) ? await restore(scratch, id) : undefined;
    if (session === undefined) await rm(join(scratch, name), { force: true, recursive: true });
    else if (name === id) sessions.push(session);
  }
  return sessions;
}

async function restore(scratch: string, id: string): Promise<UploadSession | undefined> {
  try {
    const info = parseInfo(await readFile(join(scratch, `${id}.json`), "utf8"));
    const { size, mtimeMs } = await stat(join(scratch, id));
    return info === undefined || size === 0
      ? undefined
      : { id, ...info, size, hash: undefined, touchedAt: mtimeMs, busy: false, hasFiles: true };
  } catch {
    return undefined;
  }
}

function parseInfo(text: string): Pick<UploadSession, "repository" | "algorithm"> | undefined {
  const info: unknown = JSON.parse(text);
  if (typeof info !== "object" || info === null || !("repository" in info) || !("algorithm" in info)) return undefined;
  const { repository, algorithm } = info;
  if (typeof repository !== "string" || !isRepositoryName(repository)) return undefined;
  return algorithm === "sha256" || algorithm === "sha512" ? { repository, algorithm } : undefined;
}
