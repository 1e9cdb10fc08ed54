import { spawnSync } from "node:child_process";

import { atProcessEnd } from "./at-process-end.ts";
import { makeTempDir, removeTempDir } from "./temp-dir.ts";

export interface SmallDisk {
  readonly path: string;
  readonly resize: (size: string) => void;
  readonly remove: () => void;
}

/** A file system of its own, in memory and so small that it fills up (`size`: `1m`), or why there can be none here. */
export function makeSmallDisk(size: string): SmallDisk | { readonly path?: undefined; readonly reason: string } {
  const path = makeTempDir("disk");
  const problem = mount(["-t", "tmpfs", "-o", `size=${size}`, "chartferry-test", path]);
  if (problem !== undefined) {
    removeTempDir(path);
    return { reason: problem };
  }
  const remove = (): void => {
    spawnSync("umount", [path]);
    removeTempDir(path);
  };
  const callOff = atProcessEnd(remove);
  return {
    path,
    resize(next) {
      const failure = mount(["-o", `remount,size=${next}`, path]);
      if (failure !== undefined) throw new Error(failure);
    },
    remove() {
      callOff();
      remove();
    },
  };
}

/** What went wrong; `undefined` when it is mounted. */
function mount(args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync("mount", args, { encoding: "utf8" });
  return status === 0 ? undefined : `no file system can be mounted here: ${error?.message ?? stderr.trim()}`;
}

/** Why no small disk can be had on this machine; `undefined` where it can. */
export function smallDiskProblem(): string | undefined {
  const disk = makeSmallDisk("1m");
  if (disk.path === undefined) return disk.reason;
  disk.remove();
  return undefined;
}
