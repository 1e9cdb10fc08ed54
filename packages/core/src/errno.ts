/** The `code` of a Node system error (ENOENT, EACCES …), `undefined` for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Whether the path does not lead to a file: also where a parent is a file (ENOTDIR) or the last part is a link (ELOOP under O_NOFOLLOW). */
export function isMissing(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "ELOOP", "EISDIR"].includes(errnoOf(error) ?? "");
}

const noRoom: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);

/** The code of a write that the file system refused: without room, on the disk or in the quota, it is one of its own. */
export function unwritableCode(error: unknown): "disk-full" | "file-unwritable" {
  return noRoom.has(errnoOf(error) ?? "") ? "disk-full" : "file-unwritable";
}
