// Loaded into a program before it starts (`node --import`): a folder (FULL_FOLDER, a part of the paths that count) has room for
// FULL_ROOM bytes more. A write takes what fits and fails with ENOSPC then, as on a disk that fills up; what is cut off, closed
// without a name or removed frees its room again. The program knows nothing of it.
import fs from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const { FULL_FOLDER: folder = "", FULL_ROOM: room = "0" } = process.env;
let left = Number(room);
/** Bytes that each open file has taken, by descriptor. */
const taken = new Map();

const full = () => Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", errno: -28, syscall: "write" });
const counts = (path) => typeof path === "string" && path.includes(folder);
function take(descriptor, bytes) {
  const given = Math.min(left, bytes);
  if (bytes > 0 && given === 0) throw full();
  left -= given;
  taken.set(descriptor, (taken.get(descriptor) ?? 0) + given);
  return given;
}
function free(descriptor) {
  left += taken.get(descriptor) ?? 0;
  taken.set(descriptor, 0);
}

const { openSync, writeSync, ftruncateSync, closeSync } = fs;
fs.openSync = (path, ...rest) => {
  const descriptor = openSync(path, ...rest);
  if (counts(path)) taken.set(descriptor, 0);
  return descriptor;
};
fs.writeSync = (descriptor, bytes, ...[offset, length, position]) => {
  if (!taken.has(descriptor)) return writeSync(descriptor, bytes, offset, length, position);
  return writeSync(descriptor, bytes, offset, take(descriptor, length), position);
};
fs.ftruncateSync = (descriptor, length) => {
  free(descriptor);
  return ftruncateSync(descriptor, length);
};
fs.closeSync = (descriptor) => {
  taken.delete(descriptor);
  return closeSync(descriptor);
};

const { open } = promises;
promises.open = async (path, ...rest) => {
  const handle = await open(path, ...rest);
  if (!counts(path)) return handle;
  const [write, appendFile, close] = [handle.write.bind(handle), handle.appendFile.bind(handle), handle.close.bind(handle)];
  handle.write = async (bytes, ...[offset = 0, length = bytes.byteLength - offset, position]) => {
    return write(bytes, offset, take(handle, length), position);
  };
  handle.appendFile = handle.writeFile = async (text) => {
    const bytes = Buffer.from(text);
    const given = take(handle, bytes.byteLength);
    await appendFile(bytes.subarray(0, given));
    if (given < bytes.byteLength) throw full();
  };
  handle.close = async () => {
    free(handle);
    return close();
  };
  return handle;
};
syncBuiltinESMExports();
