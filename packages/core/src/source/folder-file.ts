import { createReadStream, type Stats } from "node:fs";
import { lstat, readFile, realpath, stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

import { errnoOf } from "../errno.ts";
import { ChartferryError } from "../errors.ts";
import { shown } from "../shown-text.ts";
import type { FolderNames } from "./folder-names.ts";

/**
 * The real path of what must lie within a folder, links resolved: an index must not make us read other files of this
 * machine (CVE-2022-24348). With `names`, what was not there when the folder was looked into is not looked for again.
 * @throws source-missing, entry-invalid, file-unreadable
 */
export async function placeWithin(directory: string, url: URL, names?: FolderNames): Promise<string> {
  const path = pathOf(url);
  if ((await names?.mayHold(path)) === false) throw missing(path);
  const [root, file] = await Promise.all([realPath(directory), realPath(path)]);
  if (!file.startsWith(root.endsWith(sep) ? root : root + sep)) throw outside(path, directory, file);
  return file;
}

/** The same of a regular file. @throws source-missing, entry-invalid, file-unreadable */
export async function fileWithin(directory: string, url: URL, names?: FolderNames): Promise<string> {
  const file = await placeWithin(directory, url, names);
  const facts = await stat(file);
  if (!facts.isFile()) throw missing(pathOf(url), `is ${kindOfFile(facts)}, not a chart archive`);
  return file;
}

function pathOf(url: URL): string {
  try {
    return fileURLToPath(new URL(url.pathname, url));
  } catch (cause) {
    throw new ChartferryError(`${shown(url.pathname)} names no file`, { code: "entry-invalid", operation: "open chart", cause });
  }
}

/** The path itself says so, or a link on the way leads there. */
function outside(path: string, directory: string, file: string): ChartferryError {
  const isLink = path.startsWith(join(resolve(directory), sep));
  const text = isLink
    ? `${shown(path)} leads by a link to ${shown(file)}, outside the folder ${shown(directory)}, and is not read`
    : `${shown(path)} lies outside the folder ${shown(directory)} and is not read`;
  const hint = isLink
    ? "Put the file itself in the place of the link, or name the folder that it lies in"
    : "Copy the file into the folder, or correct the url in the index";
  return new ChartferryError(text, { code: "entry-invalid", operation: "open chart", hint });
}

async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ELOOP") throw missing(path, "is a link that leads to itself");
    if (errno !== "ENOENT" && errno !== "ENOTDIR") throw unreadable(path, error);
    const isLink = await lstat(path).then(
      () => true,
      () => false,
    );
    throw isLink ? missing(path, "is a link that leads nowhere") : missing(path);
  }
}

/** In words what bears a file's name and is no regular file. */
export function kindOfFile(facts: Stats): string {
  if (facts.isDirectory()) return "a folder";
  if (facts.isFIFO()) return "a named pipe";
  if (facts.isSocket()) return "a socket";
  return "a device";
}

/** Bytes of a regular file, in words what else bears its name, or `undefined` when nothing does. @throws too-large, file-unreadable */
export async function readFileIfThere(path: string, limit: number): Promise<Uint8Array | { readonly kind: string } | undefined> {
  try {
    const facts = await stat(path);
    if (!facts.isFile()) return { kind: kindOfFile(facts) };
    if (facts.size > limit)
      throw new ChartferryError(`${shown(path)} is larger than ${limit} bytes`, { code: "too-large", operation: "read file" });
    return await readFile(path);
  } catch (error) {
    if (error instanceof ChartferryError) throw error;
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw unreadable(path, error);
  }
}

/** The bytes of a file; what stands in the way becomes `file-unreadable` or `file-missing`. */
export async function* fileChunks(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* createReadStream(path, { highWaterMark: 256 * 1024, ...(signal === undefined ? {} : { signal }) }) as AsyncIterable<Uint8Array>;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Error && "code" in error && error.code === "ENOENT") throw missing(path);
    throw unreadable(path, error);
  }
}

function missing(path: string, what?: string): ChartferryError {
  return new ChartferryError(`${shown(path)}${what === undefined ? ": no such file" : ` ${what}`}`, {
    code: "source-missing",
    operation: "open chart",
  });
}

/** What the file system says when this process may not. */
const forbidden = new Set(["EACCES", "EPERM"]);

export function unreadable(path: string, cause: unknown): ChartferryError {
  const reason = errnoOf(cause) ?? "unknown reason";
  return new ChartferryError(`${shown(path)} cannot be read: ${reason}`, {
    code: "file-unreadable",
    operation: "read file",
    hint: forbidden.has(reason)
      ? "Check its owner and permissions, and those of the folders above it"
      : "See whether other programs can read it, and the disk that it lies on",
    cause,
  });
}
