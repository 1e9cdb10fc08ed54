import { posix } from "node:path";

import type { ChartNoteCode } from "./chart-notes.ts";

export type EntryPath =
  | { readonly path: string }
  /** Helm stops at such an entry; `path` is the file's place where it can be guessed. */
  | { readonly problem: ChartNoteCode; readonly path?: string };

/**
 * The place of an archive entry within the chart, as Helm finds it: the first element is dropped whatever it is, and one
 * backslash makes `\` the separator of the whole name.
 */
export function entryPath(name: string): EntryPath {
  const delimiter = name.includes("\\") ? "\\" : "/";
  const [first = "", ...rest] = name.split(delimiter);
  const joined = rest.join("/");
  if (joined.startsWith("/")) return { problem: "absolute-path" };
  const path = posix.normalize(joined).replace(/\/$/, "");
  if (joined === "" || path === "." || path === "") return { problem: "content-outside-base", path: first };
  if (path.startsWith("..")) return { problem: "parent-path" };
  if (/^[a-zA-Z]:\//.test(path)) return { problem: "drive-path" };
  if (first === "Chart.yaml") return { problem: "content-outside-base" };
  return { path };
}
