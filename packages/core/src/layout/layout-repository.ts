import { stat } from "node:fs/promises";
import { join } from "node:path";

import { isMissing } from "../errno.ts";
import type { Digest } from "../digest.ts";
import { makeFolder } from "../make-folder.ts";
import { ensureDirectory, replaceFile } from "./durable-files.ts";
import { reading, writing } from "./file-errors.ts";
import { requireWritable, type LayoutContext } from "./layout-context.ts";
import type { LayoutState } from "./layout-state.ts";
import { loadState } from "./load-state.ts";
import type { StateJournal } from "./state-journal.ts";

/** One repository of a tree while it is open. Functions beside this file read and change it. */
export interface LayoutRepository {
  readonly context: LayoutContext;
  /** Path below the root; empty for a root that is itself one layout. */
  readonly name: string;
  readonly directory: string;
  /** Replaced as a whole when a reader finds a newer index. */
  state: LayoutState;
  /** Whether it stands on disk. */
  exists: boolean;
  /** Of the owner only. */
  journal: StateJournal | undefined;
  /** Manifests that are being stored or removed: the two never overlap for one digest. */
  readonly busy: Map<Digest, Promise<unknown>>;
  creating: Promise<void> | undefined;
  /** What `index.json` looked like when a reader last read it. */
  seen: string;
  /** Clock time of a reader's last look. */
  lookedAt: number;
}

/** Changes whenever `index.json` was replaced; empty where there is none. */
export async function fingerprint(directory: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(join(directory, "index.json"));
    return `${ino} ${size} ${mtimeMs}`;
  } catch (error) {
    if (isMissing(error)) return "";
    throw error;
  }
}

/** How long a reader trusts what it read, in milliseconds: the owner folds about once a second. */
const freshForMs = 1000;

/** A reader follows what the owner folds; the owner itself is always up to date. */
export async function refresh(repository: LayoutRepository): Promise<void> {
  const { context, directory } = repository;
  if (!context.readOnly || context.clock.now() - repository.lookedAt < freshForMs) return;
  repository.lookedAt = context.clock.now();
  await reading(directory, "open repository", () => loadNewer(repository));
}

async function loadNewer(repository: LayoutRepository): Promise<void> {
  const { directory } = repository;
  const seen = await fingerprint(directory);
  if (seen === repository.seen) return;
  const loaded = await loadState(directory);
  repository.state = loaded.state;
  repository.exists = loaded.exists || loaded.logs.length > 0;
  repository.seen = seen;
}

/** The journal, after the repository's directory was made where it was missing. @throws read-only, file-unwritable */
export async function writableJournal(repository: LayoutRepository, operation: string): Promise<StateJournal> {
  requireWritable(repository.context, operation);
  repository.context.beforeWrite(repository);
  repository.creating ??= createOnDisk(repository).catch((error: unknown) => {
    repository.creating = undefined;
    throw error;
  });
  await repository.creating;
  if (repository.journal === undefined) throw new TypeError("a writable repository has a journal");
  return repository.journal;
}

const layoutFile = Buffer.from('{"imageLayoutVersion":"1.0.0"}');
const emptyIndex = Buffer.from('{"schemaVersion":2,"manifests":[]}');

/** Complete after each step for a reader: without `index.json` it is no layout yet. */
export async function createOnDisk(repository: LayoutRepository): Promise<void> {
  const { directory, context } = repository;
  await writing(directory, "create repository", async () => {
    await ensureDirectory(join(directory, "blobs", "sha256"), context.durability);
    await createFile(join(directory, "oci-layout"), layoutFile, context);
    // The log names the digest of this very text as the index it continues, also where the file did not exist.
    await createFile(join(directory, "index.json"), emptyIndex, context);
    await makeFolder(context.scratch);
  });
  repository.exists = true;
}

async function createFile(path: string, bytes: Uint8Array, context: LayoutContext): Promise<void> {
  try {
    await stat(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
    await replaceFile(path, bytes, context.durability);
  }
}

/** Runs one after the other what concerns the same manifest. */
export async function exclusively<T>(repository: LayoutRepository, digest: Digest, run: () => Promise<T>): Promise<T> {
  const before = repository.busy.get(digest) ?? Promise.resolve();
  const mine = before.then(run, run);
  const settled = mine.catch(() => {});
  repository.busy.set(digest, settled);
  try {
    return await mine;
  } finally {
    if (repository.busy.get(digest) === settled) repository.busy.delete(digest);
  }
}
