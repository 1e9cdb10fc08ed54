import { randomBytes } from "node:crypto";
import { chmod, mkdir, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

import { errnoOf, unwritableCode } from "../errno.ts";
import { ChartferryError } from "../errors.ts";
import { matchKey } from "./credential-key.ts";
import { type DockerConfig, readAsObject } from "./docker-config.ts";

/** What `auths` holds for one key; `{}` where a helper keeps the secret, as Docker writes it. */
export type AuthEntry = { readonly auth: string } | Readonly<Record<string, never>>;

/**
 * Puts an entry in the place of every spelling of a key, or takes them all out (`entry` undefined). Everything else in the file stays as it is. Written
 * beside and renamed, for its owner's eyes alone; a link is followed, so that it stays one. @throws file-unwritable
 */
export async function editAuths(
  path: string,
  text: string,
  { key, entry }: { readonly key: string; readonly entry?: AuthEntry },
): Promise<void> {
  const body = text.trim() === "" ? {} : readAsObject(text, path);
  const before = Object.entries(readAsObject(JSON.stringify(body["auths"] ?? {}), path));
  const kept = before.filter(([name]) => !namesHost(name, key));
  const auths = Object.fromEntries(entry === undefined ? kept : [...kept, [key, entry] as const]);
  await replaceFile(path, `${JSON.stringify({ ...body, auths }, undefined, "\t")}\n`);
}

/** Spellings of `auths` that speak of the whole host. */
export function spellingsOf({ auths }: DockerConfig, key: string): readonly string[] {
  return [...auths.keys()].filter((name) => namesHost(name, key));
}

function namesHost(name: string, key: string): boolean {
  return matchKey(name, key, undefined)?.pathLength === 0;
}

async function replaceFile(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const place = await realpath(path).catch(() => path);
    const mode = await stat(place).then(
      (found) => found.mode & 0o777,
      () => 0o600,
    );
    const beside = `${place}.${randomBytes(6).toString("hex")}`;
    try {
      await writeFile(beside, text, { mode: 0o600, flag: "wx" });
      await chmod(beside, mode);
      await rename(beside, place);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
  } catch (cause) {
    throw new ChartferryError(`the credential file ${path} cannot be written (${errnoOf(cause) ?? "unknown reason"})`, {
      code: unwritableCode(cause),
      operation: "write credentials",
      hint: "check the rights of the file and of its folder, or name another one with --registry-config",
      cause,
    });
  }
}
