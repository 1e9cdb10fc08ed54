import { tmpdir } from "node:os";

import { errnoOf, unwritableCode } from "../errno.ts";
import { ChartferryError } from "../errors.ts";
import { shown } from "../shown-text.ts";

/** What the system says when there is no room left: on the disk, within the user's quota, or for so large a file (ulimit -f). */
const noRoom: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/**
 * A file error that befell a temporary file, as one that tells the user which folder it is and how to choose another one.
 * Whatever is no file error stays as it is.
 */
export function temporaryFileError(error: unknown, operation: string, directory: string = tmpdir()): Error {
  const errno = error instanceof ChartferryError ? undefined : errnoOf(error);
  if (errno === undefined) return error instanceof Error ? error : new Error("a temporary file failed", { cause: error });
  const full = noRoom.has(errno);
  return new ChartferryError(`the temporary folder ${shown(directory)} ${full ? "has no room left" : "cannot be written"} (${errno})`, {
    code: unwritableCode(error),
    operation,
    hint: full ? "set TMPDIR to a place with room" : "set TMPDIR to a folder that can be written",
    cause: error,
  });
}
