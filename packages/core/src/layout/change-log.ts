import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import { isMissing } from "../errno.ts";
import { isDigest, type Digest } from "../digest.ts";
import type { Durability } from "./durable-files.ts";
import { isTag } from "../reference/chart-tag.ts";
import type { LayoutChange } from "./layout-state.ts";
import { beginLogFile, type LogFile } from "./log-file.ts";

/**
 * Changes since `index.json` was written, one JSON line each, in numbered files beside it. The first line of a file names
 * the digest of the `index.json` it continues. A new file is begun with each fold, so that a crash between the rename of
 * `index.json` and the removal of the older file is recognised: its changes are contained already.
 */
const fileName = /^\.chartferry-log-([0-9]{1,15})$/;

function pathOf(directory: string, number: number): string {
  return join(directory, `.chartferry-log-${number}`);
}

export interface StoredLog {
  readonly number: number;
  /** Digest of the `index.json` that the changes follow; undefined when the first line is torn. */
  readonly base: Digest | undefined;
  readonly changes: readonly LayoutChange[];
}

/** All logs of a repository, oldest first. */
export async function readLogs(directory: string): Promise<StoredLog[]> {
  const numbers = (await namesIn(directory)).flatMap((name) => fileName.exec(name)?.[1] ?? []).map(Number);
  const logs: StoredLog[] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) logs.push({ number, ...parseLog(await textOf(pathOf(directory, number))) });
  return logs;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** A reader without the lock may find that the owner removed the file meanwhile. */
async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return "";
    throw error;
  }
}

export async function removeLogs(directory: string, numbers: readonly number[]): Promise<void> {
  for (const number of numbers) await rm(pathOf(directory, number), { force: true });
}

/** Lines that are no change (torn by a crash or a full disk) are passed over. */
function parseLog(text: string): Pick<StoredLog, "base" | "changes"> {
  const [head = "", ...lines] = text.split("\n").filter((line) => line !== "");
  const header = parseLine(head);
  const base = header?.["base"];
  return {
    base: typeof base === "string" ? base : undefined,
    changes: lines.flatMap((line) => {
      const value = parseLine(line);
      return value !== undefined && isChange(value) ? [value] : [];
    }),
  };
}

function parseLine(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function isChange(value: Record<string, unknown> | LayoutChange): value is LayoutChange {
  const fields: Record<string, unknown> = { ...value };
  if (fields["op"] === "untag") return typeof fields["tag"] === "string" && isTag(fields["tag"]);
  if (fields["op"] === "delete") return isDigestText(fields["digest"]);
  return fields["op"] === "put" && isEntry(fields["entry"]) && isTagList(fields["tags"]) && isOptionalDigest(fields["subject"]);
}

function isDigestText(value: unknown): boolean {
  return typeof value === "string" && isDigest(value);
}

function isOptionalDigest(value: unknown): boolean {
  return value === undefined || isDigestText(value);
}

function isTagList(value: unknown): boolean {
  return Array.isArray(value) && value.every((tag) => typeof tag === "string" && isTag(tag));
}

function isEntry(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const fields: Record<string, unknown> = { ...value };
  return isDigestText(fields["digest"]) && typeof fields["mediaType"] === "string" && Number.isSafeInteger(fields["size"]);
}

export interface ChangeLog {
  /** Resolves once the changes are as durable as asked for. */
  append(changes: readonly LayoutChange[]): Promise<void>;
  /** From now on a new file that continues the index with that digest. Answers the number of the file before it, if there was one. */
  rotate(base: Digest): Promise<number | undefined>;
  close(): Promise<void>;
}

/** Files are made by the first change after a fold, so an idle repository has none. */
export function openChangeLog(directory: string, start: { base: Digest; number: number; durability: Durability }): ChangeLog {
  const { durability } = start;
  let { base, number } = start;
  let file: LogFile | undefined;
  return {
    async append(changes) {
      file ??= await beginLogFile(pathOf(directory, number), { head: `${JSON.stringify({ log: 1, base })}\n`, durability });
      await file.append(changes.map((change) => `${JSON.stringify(change)}\n`).join(""));
    },
    async rotate(next) {
      const finished = file === undefined ? undefined : number;
      await file?.close();
      file = undefined;
      if (finished !== undefined) number += 1;
      base = next;
      return finished;
    },
    async close() {
      await file?.close();
    },
  };
}
