import { opendir } from "node:fs/promises";
import { basename, dirname } from "node:path";

import { errnoOf } from "../errno.ts";

/** Names kept of all folders together, and folders: beyond them each file is looked for itself. */
const [mostNames, mostFolders] = [100_000, 256];

/** What a folder held when it was first looked into: an index may name a million files that are not there. */
export interface FolderNames {
  /** `false` = nothing of this path was there. `true` says nothing yet: it may be a folder, or a link to nowhere. */
  mayHold(path: string): Promise<boolean>;
  /** Looks into them anew from now on. */
  forget(): void;
}

/** `undefined` = its names are not known. */
type Names = ReadonlySet<string> | undefined;

export function createFolderNames(limit = mostNames): FolderNames {
  const folders = new Map<string, Promise<Names>>();
  let room = limit;
  const read = async (folder: string): Promise<Names> => {
    const names = await namesIn(folder, room);
    room -= names?.size ?? 0;
    return names;
  };
  return {
    async mayHold(path) {
      const folder = dirname(path);
      const known = folders.get(folder) ?? (folders.size < mostFolders ? read(folder) : undefined);
      if (known === undefined) return true;
      folders.set(folder, known);
      return (await known)?.has(folded(basename(path))) ?? true;
    },
    forget() {
      folders.clear();
      room = limit;
    },
  };
}

async function namesIn(folder: string, limit: number): Promise<Names> {
  const names = new Set<string>();
  try {
    for await (const { name } of await opendir(folder)) {
      if (names.size >= limit) return undefined;
      names.add(folded(name));
    }
    return names;
  } catch (error) {
    return errnoOf(error) === "ENOENT" ? names : undefined;
  }
}

/** Some file systems take one letter for another: upper for lower case, composed for decomposed. */
function folded(name: string): string {
  return name.normalize("NFC").toLowerCase();
}
