import { lstat, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { errnoOf } from "../errno.ts";
import { ChartferryError } from "../errors.ts";
import { shownUrl } from "../http/redact.ts";
import { shown } from "../shown-text.ts";
import { kindOfFile, unreadable } from "./folder-file.ts";

/** Where a classic repository lies. */
export type ClassicLocation =
  /** `base` ends in one slash; `index` carries the repository's query. */
  | { readonly kind: "http"; readonly id: string; readonly base: URL; readonly index: URL }
  /** Whether the index exists is asked when it is read; `named`: the user named the file itself. */
  | {
      readonly kind: "folder";
      readonly id: string;
      readonly base: URL;
      readonly directory: string;
      readonly index: string;
      readonly named: boolean;
    };

/**
 * Reads `http(s)://…` with or without `/index.yaml`, `file://…`, or a path to a folder or to an index file.
 * @throws usage for nothing at all, userinfo and other schemes
 */
export function parseClassicLocation(text: string): ClassicLocation {
  // Not the current folder: it is what an unset variable leaves.
  if (text === "") throw refused("the source is empty", "Name a folder of charts, or the url of a chart repository");
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return folder(resolve(text));
  if (!["http", "https", "file"].includes(scheme)) {
    const hint = "Write http:// or https:// in front of a host name";
    throw refused(`a classic repository is read from http(s)://, file:// or a folder, not ${shown(scheme)}:`, hint);
  }
  if (!URL.canParse(text)) throw refused("the address of the repository is not a valid url");
  const url = new URL(text);
  refuseUserinfo(url);
  return scheme === "file" ? folder(filePath(url)) : httpLocation(url);
}

function refuseUserinfo(url: URL): void {
  if (url.username === "" && url.password === "") return;
  const hint = "Use --source-username and --source-password-file";
  throw refused(`the address ${shownUrl(url)} carries a user name or password, which would end up in reports and logs`, hint);
}

function httpLocation(url: URL): ClassicLocation {
  url.hash = "";
  const namesIndex = /\/[^/]+\.(?:ya?ml|json)$/i.test(url.pathname);
  const base = new URL(url);
  base.pathname = namesIndex ? url.pathname.slice(0, url.pathname.lastIndexOf("/") + 1) : `${url.pathname.replace(/\/+$/, "")}/`;
  const index = new URL(namesIndex ? url : base);
  if (!namesIndex) index.pathname += "index.yaml";
  // The query may be a signature or a token: it is part of every request, never of the name.
  return { kind: "http", id: `${base.origin}${base.pathname}`.replace(/\/$/, ""), base, index };
}

function folder(path: string): ClassicLocation {
  const namesIndex = /[/\\][^/\\]+\.(?:ya?ml|json)$/i.test(path);
  const directory = namesIndex ? resolve(path, "..") : path;
  const base = pathToFileURL(`${directory}/`);
  return {
    kind: "folder",
    id: base.href.replace(/\/$/, ""),
    base,
    directory,
    index: namesIndex ? path : resolve(path, "index.yaml"),
    named: namesIndex,
  };
}

/** Whether the folder's index is there. @throws file-missing (no folder, or a link that leads nowhere), file-unreadable */
export async function folderHasIndex(location: ClassicLocation & { kind: "folder" }): Promise<boolean> {
  const directory = await unlessMissing(location.directory, stat(location.directory));
  if (directory?.isDirectory() !== true) {
    const what = directory === undefined ? "does not exist" : "is not a folder";
    throw new ChartferryError(`${shown(location.directory)} ${what}`, {
      code: "file-missing",
      operation: "read index",
      hint: "Name a folder of charts, or the url of a chart repository",
    });
  }
  return (await unlessMissing(location.index, lstat(location.index))) !== undefined && isReadableIndex(location.index);
}

/** What bears the index's name is the index: taken for none, its charts would go up without a digest that vouches for them. */
async function isReadableIndex(path: string): Promise<true> {
  const facts = await unlessMissing(path, stat(path));
  if (facts?.isFile() === true) return true;
  throw new ChartferryError(`${shown(path)} is ${facts === undefined ? "a link that leads nowhere" : kindOfFile(facts)}: it is no index`, {
    code: facts === undefined ? "file-missing" : "file-unreadable",
    operation: "read index",
    hint: "Restore the index, or remove what stands in its place to take the folder's charts without one",
  });
}

/** @throws file-unreadable for whatever else than its absence keeps a file from being looked at */
async function unlessMissing<T>(path: string, looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "ELOOP"].includes(errnoOf(error) ?? "")) return undefined;
    throw unreadable(path, error);
  }
}

function filePath(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch {
    throw refused(`${shownUrl(url)} names no file of this machine`);
  }
}

function refused(message: string, hint?: string): ChartferryError {
  return new ChartferryError(message, { code: "usage", operation: "read source address", hint });
}
