import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";

import { isMissing } from "../errno.ts";
import { systemClock, type Clock } from "../clock.ts";
import { closeAll } from "../close-all.ts";
import type { Digest } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import type { HeldLock } from "../lock/lock-file.ts";
import { blobSize } from "./blob-files.ts";
import { ensureDirectory, type Durability } from "./durable-files.ts";
import { fileError, reading, writing } from "./file-errors.ts";
import type { LayoutContext } from "./layout-context.ts";
import { isRepositoryName, requireRepositoryName } from "./layout-names.ts";
import type { LayoutRepository } from "./layout-repository.ts";
import { loadRepository } from "./load-repository.ts";
import { createOpenRepositories } from "./open-repositories.ts";
import { createSortedNames, type SortedNames } from "./sorted-names.ts";
import { lockTree, privateFolder, refuseForeignLock, requireHeld } from "./tree-lock.ts";
import type { UploadLimits } from "./upload-limits.ts";
import { openUploads, type Uploads } from "./upload-sessions.ts";

export interface LayoutTreeOptions {
  /** Default `fsync`: what was acknowledged survives a power cut. */
  readonly durability?: Durability;
  /** Takes no lock, writes nothing, follows what an owner folds. Default false. */
  readonly readOnly?: boolean;
  /** A folder that is not there is read as an empty one. Default false. */
  readonly mayBeAbsent?: boolean;
  readonly clock?: Clock;
  readonly limits?: Partial<UploadLimits>;
}

/** A directory of image layouts, one per repository; the form that zot and olareg use as well. */
export interface LayoutTree {
  /** Absolute. */
  readonly directory: string;
  readonly readOnly: boolean;
  readonly uploads: Uploads;
  /** Names in byte order that equal the prefix or lie below it as a path; everything for an empty prefix. A root that is itself one layout is named by the empty text. */
  repositories(prefix?: string): AsyncIterable<string>;
  /** Opens a repository, also one that does not exist yet: the first write makes it. @throws name-invalid, layout-invalid, layout-locked */
  openRepository(name: string): Promise<LayoutRepository>;
  /** A repository that holds the blob, among at most a thousand of those that were opened. */
  holderOf(digest: Digest): Promise<LayoutRepository | undefined>;
  /** Folds what is not folded and gives the lock back. */
  close(): Promise<void>;
}

/** @throws layout-locked, file-missing (read-only and not there), file-unwritable */
export async function openLayoutTree(directory: string, options: LayoutTreeOptions = {}): Promise<LayoutTree> {
  const root = resolve(directory);
  const context: LayoutContext = {
    root,
    durability: options.durability ?? "fsync",
    readOnly: options.readOnly ?? false,
    clock: options.clock ?? systemClock,
    scratch: join(root, privateFolder, "uploads"),
    closed: false,
    requireLock: () => Promise.resolve(),
    beforeWrite: () => {},
  };
  await requireDirectory(context, options.mayBeAbsent);
  const lock = context.readOnly ? undefined : await lockTree(root);
  if (lock !== undefined) context.requireLock = () => requireHeld(lock, root);
  try {
    const uploads = await writing(context.scratch, "open layout", () => openUploads(context, options.limits));
    return treeOver(context, { uploads, lock });
  } catch (error) {
    await lock?.release();
    throw error;
  }
}

async function requireDirectory({ root, readOnly, durability }: LayoutContext, mayBeAbsent = false): Promise<void> {
  const found = await stat(root).catch((error: unknown) => {
    // What cannot be looked at cannot be made either, and making it says why.
    if (!readOnly || (mayBeAbsent && isMissing(error))) return undefined;
    throw isMissing(error) ? absent(root) : fileError(error, { code: "file-unreadable", operation: "open layout", path: root });
  });
  if (found?.isDirectory() === false) throw noFolder(root, readOnly);
  if (!readOnly) await writing(root, "create layout", () => ensureDirectory(root, durability));
}

function absent(root: string): ChartferryError {
  return new ChartferryError(`${root} is not there`, {
    code: "file-missing",
    operation: "open layout",
    hint: "check the path: a folder that is only read is not made",
  });
}

function noFolder(root: string, readOnly: boolean): ChartferryError {
  return new ChartferryError(`${root} is a file, not a folder`, {
    code: readOnly ? "layout-invalid" : "file-unwritable",
    operation: "open layout",
    hint: readOnly ? "name a folder of image layouts" : "name a folder of image layouts, or a path where nothing stands yet",
  });
}

const maxHolders = 1000;

function treeOver(context: LayoutContext, { uploads, lock }: { uploads: Uploads; lock: HeldLock | undefined }): LayoutTree {
  const open = createOpenRepositories(context, (name) => openOne(context, name));
  let names: Promise<SortedNames> | undefined;
  // Only the owner makes repositories, so it looks through the folders once.
  const foundOnce = (): Promise<SortedNames> =>
    (names ??= findRepositories(context.root).catch((error: unknown) => {
      names = undefined;
      throw error;
    }));
  const listed = async (): Promise<readonly string[]> => {
    const found = await (context.readOnly ? findRepositories(context.root) : foundOnce());
    for (const repository of await Promise.all(open.kept())) if (repository.exists) found.add(repository.name);
    return found.all();
  };
  return {
    directory: context.root,
    readOnly: context.readOnly,
    uploads,
    async *repositories(prefix = "") {
      const below = `${prefix}/`;
      for (const name of await listed()) if (prefix === "" || name === prefix || name.startsWith(below)) yield name;
    },
    openRepository: (name) => open.open(name),
    async holderOf(digest) {
      for (const opening of open.kept().slice(-maxHolders)) {
        const repository = await opening.catch(() => undefined);
        if (repository !== undefined && (await blobSize(repository.directory, digest)) !== undefined) return repository;
      }
      return undefined;
    },
    async close() {
      if (context.closed) return;
      context.closed = true;
      // Where one cannot be folded, on a full disk for instance, its log holds what its index lacks. Each has a file or two open meanwhile.
      await closeAll([...open.kept().map((opening) => async () => (await opening).journal?.close()), () => lock?.release()]);
    },
  };
}

async function openOne(context: LayoutContext, name: string): Promise<LayoutRepository> {
  if (name !== "") requireRepositoryName(name);
  else if (!(await isLayout(context.root))) requireRepositoryName(name);
  if (!context.readOnly && name !== "") await refuseLocksOnTheWay(context.root, name);
  try {
    return await loadRepository(context, name);
  } catch (error) {
    throw fileError(error, { code: "file-unreadable", operation: "open repository", path: join(context.root, name) });
  }
}

/** A part of the tree that another process opened alone, before this one took the whole. */
async function refuseLocksOnTheWay(root: string, name: string): Promise<void> {
  const parts = name.split("/");
  for (let length = 1; length <= parts.length; length += 1) {
    const part = join(root, ...parts.slice(0, length));
    await reading(part, "look for a lock", () => refuseForeignLock(part));
  }
}

/** Whether the directory itself is one layout, rather than a tree of them. */
export async function isLayout(directory: string): Promise<boolean> {
  const path = join(directory, "index.json");
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (isMissing(error)) return false;
    throw fileError(error, { code: "file-unreadable", operation: "read layout", path });
  }
}

/** Deepest path that is looked at; a repository name has at most 255 characters. */
const maxDepth = 128;

async function findRepositories(root: string): Promise<SortedNames> {
  const names = createSortedNames();
  const queue: string[] = [""];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (await isLayout(join(root, name))) names.add(name);
    if (name.split("/").length < maxDepth) queue.push(...(await childrenOf(root, name)));
  }
  return names;
}

/** Folders whose path can be a repository's name; links are not followed, so there is no way round in circles. */
async function childrenOf(root: string, name: string): Promise<string[]> {
  const entries = await readdir(join(root, name), { withFileTypes: true }).catch((error: unknown) => {
    // Removed meanwhile, or never there.
    if (isMissing(error)) return [];
    throw fileError(error, { code: "file-unreadable", operation: "list repositories", path: join(root, name) });
  });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => (name === "" ? entry.name : `${name}/${entry.name}`));
  return folders.filter((path) => isRepositoryName(path));
}
