import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

/** From now on `writeSync` takes `room` bytes and fails then, as on a disk that is nearly full; the returned function frees it. */
export function fillDisk(room: number): () => void {
  const { writeSync } = fs;
  let left = room;
  const write = (...[descriptor, bytes, offset, length, position]: [number, NodeJS.ArrayBufferView, number, number, number]): number => {
    if (left === 0) throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    const taken = Math.min(left, length);
    left -= taken;
    return writeSync(descriptor, bytes, offset, taken, position);
  };
  Object.assign(fs, { writeSync: write });
  syncBuiltinESMExports();
  return () => {
    Object.assign(fs, { writeSync });
    syncBuiltinESMExports();
  };
}
