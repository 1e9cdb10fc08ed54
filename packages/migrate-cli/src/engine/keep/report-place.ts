import { fstatSync, type Stats } from "node:fs";
import { lstat, stat } from "node:fs/promises";
import type { Writable } from "node:stream";

import { errnoOf } from "@chartferry/core";

import { realPlace } from "../real-place.ts";

/** How a report comes to where it is asked for. */
export type ReportPlace =
  /** Written aside and renamed, links followed. `mode`: of the file that stands there. */
  | { readonly kind: "file"; readonly path: string; readonly mode: number | undefined }
  /** A device or a pipe has no content to replace: it is written to as it is. */
  | { readonly kind: "device"; readonly path: string; readonly pipe: boolean }
  /** Our own stdout or stderr by another name, such as /dev/stdout. */
  | { readonly kind: "stream"; readonly stream: Writable };

/** @throws the file system's own errors, and where a folder stands there */
export async function reportPlace(path: string): Promise<ReportPlace> {
  const standing = await standingAt(path);
  if (standing === undefined) return { kind: "file", path: await emptyPlace(path), mode: undefined };
  const stream = ownStream(standing);
  if (stream !== undefined) return { kind: "stream", stream };
  if (standing.isDirectory()) throw new Error("it is a folder");
  if (standing.isFile()) return { kind: "file", path: await realPlace(path), mode: standing.mode & 0o777 };
  if (standing.isSocket()) throw new Error("it is a socket");
  return { kind: "device", path, pipe: standing.isFIFO() };
}

async function emptyPlace(path: string): Promise<string> {
  const place = await realPlace(path);
  const link = await lstat(place).catch(() => undefined);
  if (link !== undefined) throw new Error("its links lead nowhere");
  return place;
}

async function standingAt(path: string): Promise<Stats | undefined> {
  return stat(path).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  });
}

/** Replacing the file that stdout is redirected to would lose what else is printed. */
function ownStream(standing: Stats): Writable | undefined {
  const streams = [
    [1, process.stdout],
    [2, process.stderr],
  ] as const;
  return streams.find(([descriptor]) => isSame(standing, descriptor))?.[1];
}

function isSame({ dev, ino }: Stats, descriptor: number): boolean {
  try {
    const own = fstatSync(descriptor);
    // Windows numbers no pipes.
    return ino !== 0 && own.dev === dev && own.ino === ino;
  } catch {
    return false;
  }
}
