import { constants, open, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";

import { syncDirectory, type Durability } from "./durable-files.ts";

/** One file of a change log while lines are added to it. One caller at a time. */
export interface LogFile {
  /** Resolves once the lines are as durable as asked for; what fails is taken back. */
  append(lines: string): Promise<void>;
  close(): Promise<void>;
}

/** Logs that stay open between two batches, in the whole process; the others are opened for each, so that a thousand repositories need no thousand files. */
const mostOpen = 32;
let kept = 0;

/** Makes the file. `head` comes before the first lines. @throws the file system's own errors */
export async function beginLogFile(path: string, { head, durability }: { head: string; durability: Durability }): Promise<LogFile> {
  let handle: FileHandle | undefined = await created(path, durability);
  kept += 1;
  let length = 0;
  let torn = false;
  const close = async (): Promise<void> => {
    const closing = handle;
    handle = undefined;
    if (closing === undefined) return;
    kept -= 1;
    await closing.close();
  };
  const opened = async (): Promise<FileHandle> => {
    const again = await open(path, constants.O_WRONLY | constants.O_APPEND);
    kept += 1;
    return again;
  };
  return {
    async append(lines) {
      handle ??= await opened();
      const bytes = Buffer.from(`${torn ? "\n" : ""}${length === 0 ? head : ""}${lines}`);
      torn = true;
      try {
        await handle.appendFile(bytes);
        if (durability === "fsync") await handle.datasync();
        torn = false;
        length += bytes.byteLength;
      } catch (error) {
        // What the caller is told failed should not come back; where even this is refused, the next line starts on a line of its own.
        await handle.truncate(length).catch(() => {});
        throw error;
      } finally {
        if (kept > mostOpen) await close().catch(() => {});
      }
    },
    close,
  };
}

/** Without a durable name it would be begun for whoever asks next, and lost with the power. */
async function created(path: string, durability: Durability): Promise<FileHandle> {
  const handle = await open(path, "ax", 0o644);
  try {
    if (durability === "fsync") await syncDirectory(dirname(path));
    return handle;
  } catch (error) {
    await handle.close();
    await rm(path, { force: true });
    throw error;
  }
}
