import { errnoOf } from "../errno.ts";
import { ChartferryError, type ErrorCode } from "../errors.ts";

const hints: Readonly<Record<string, string>> = {
  EROFS: "the file system is mounted read-only: choose another directory or open it read-only",
  EEXIST: "it is a file, not a folder, or lies below one: name a folder, or a path where nothing stands yet",
  ENOTDIR: "a part of the path is a file, not a folder: name a folder, or a path where nothing stands yet",
  EACCES: "check the owner and the permissions of the directory",
  EPERM: "check the owner and the permissions of the directory",
  EXDEV: "a layout tree must lie on one file system: no mount point or link below its root",
  EFBIG: "raise the limit on file sizes (ulimit -f)",
  EMFILE: "raise the limit on open files (ulimit -n), or let fewer clients in",
  ENFILE: "the machine has too many open files: end other programs",
};

/** Of a disk without room, or a quota without any left. */
const fullDisk: Readonly<Record<string, string>> = {
  ENOSPC: "free space on that disk and run it again: what was acknowledged is there, and nothing half-written is visible",
  EDQUOT: "raise the disk quota and run it again: what was acknowledged is there, and nothing half-written is visible",
};

/** Too many open files, here or on the whole machine: it passes as soon as somebody closes one. */
const passing = new Set(["EMFILE", "ENFILE"]);

/** A file error as a ChartferryError that names the path; errors that are ours already stay as they are. */
export function fileError(error: unknown, what: { code: Extract<ErrorCode, `file-${string}`>; operation: string; path: string }): Error {
  if (error instanceof ChartferryError) return error;
  const errno = errnoOf(error);
  if (errno === undefined) return error instanceof Error ? error : new Error(String(error));
  const { operation } = what;
  const full = fullDisk[errno];
  if (full !== undefined) {
    return new ChartferryError(`no space is left at ${what.path} (${errno})`, { code: "disk-full", operation, hint: full, cause: error });
  }
  return new ChartferryError(`${operation}: ${errno} at ${what.path}`, {
    code: what.code,
    operation,
    hint: hints[errno],
    retryable: passing.has(errno),
    cause: error,
  });
}

/** Runs a look at files; whatever the file system refuses becomes `file-unreadable`. */
export async function reading<T>(path: string, operation: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw fileError(error, { code: "file-unreadable", operation, path });
  }
}

/** Runs a write; whatever the file system refuses becomes `disk-full` or `file-unwritable`. */
export async function writing<T>(path: string, operation: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw fileError(error, { code: "file-unwritable", operation, path });
  }
}
