import { readlink, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";

import { errnoOf } from "@chartferry/core";

/** Links in a row, as Linux has it: those that lead nowhere may form a ring. */
const linkLimit = 40;

/** Where a path leads, links followed, also where nothing stands there yet: two spellings of one place give the same. */
export async function realPlace(path: string, links = linkLimit): Promise<string> {
  const absolute = resolve(path);
  try {
    return await realpath(absolute);
  } catch (error) {
    if (links === 0 || errnoOf(error) === "ELOOP" || dirname(absolute) === absolute) return absolute;
  }
  const link = await readlink(absolute).catch(() => undefined);
  if (link !== undefined) return realPlace(resolve(dirname(absolute), link), links - 1);
  return join(await realPlace(dirname(absolute), links), basename(absolute));
}

/** Whether a place is the folder or lies below it; both as `realPlace` gives them. */
export function isWithin(place: string, folder: string): boolean {
  return place === folder || place.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}
