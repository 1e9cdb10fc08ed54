/** A file that the user named: its path, or also what stood in it where that can be read once only, as in a pipe. */
export type NamedFile = string | { readonly path: string; readonly text: string };

export function pathOf(file: NamedFile): string {
  return typeof file === "string" ? file : file.path;
}
