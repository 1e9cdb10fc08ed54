import { errnoOf } from "../errno.ts";
import { ChartferryError, type ErrorCode } from "../errors.ts";

const hints: Readonly<Record<string, string>> = {
  ENOSPC: "free space on that disk and run it again: nothing half-written was left visible",
  EDQUOT: "raise the disk quota and run it again: nothing half-written was left visible",
  EROFS: "the file system is mounted read-only: choose another directory or open it read-only",
  EACCES: "check the owner and the permissions of the directory",
  EPERM: "check the owner and the permissions of the directory",
  EXDEV: "a layout tree must lie on one file system: no mount point or link below its root",
  EFBIG: "raise the limit on file sizes (ulimit -f)",
};

/** A file error as a ChartferryError that names the path; errors that are ours already stay as they are. */
export function fileError(error: unknown, what: { code: Extract<ErrorCode, `file-${string}`>; operation: string; path: string }): Error {
  if (error instanceof ChartferryError) return error;
  const errno = errnoOf(error);
  if (errno === undefined) return error instanceof Error ? error : new Error(String(error));
  return new ChartferryError(`${what.operation}: ${errno} at ${what.path}`, {
    code: what.code,
    operation: what.operation,
    hint: hints[errno],
    cause: error,
  });
}

/** Runs a write; whatever the file system refuses becomes `file-unwritable`. */
export async function writing<T>(path: string, operation: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw fileError(error, { code: "file-unwritable", operation, path });
  }
}
