/** The `code` of a Node system error (ENOENT, EACCES …), `undefined` for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Whether the path does not lead to a file: also where a parent is a file (ENOTDIR) or the last part is a link (ELOOP under O_NOFOLLOW). */
export function isMissing(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "ELOOP", "EISDIR"].includes(errnoOf(error) ?? "");
}
