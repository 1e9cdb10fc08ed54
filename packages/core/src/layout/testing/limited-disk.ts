import type { FileHandle } from "node:fs/promises";

/** How the disk of a test behaves. `left`: bytes that may still be written; afterwards every write says ENOSPC, in its middle where it can. */
export interface LimitedDisk {
  left: number;
  /** Paths whose writes alone are limited; default: all. */
  applies: (path: string) => boolean;
  /** Paths that it fails to make durable: files, or the names in a folder. */
  syncFails: (path: string) => boolean;
  /** Whether it takes nothing back. */
  truncateFails: boolean;
  /** Files that are open. */
  open: number;
}

/** How a disk is that has room and no faults; how many files are open stays as it is. */
export function unlimited(): Omit<LimitedDisk, "open"> {
  return { left: Number.POSITIVE_INFINITY, applies: () => true, syncFails: () => false, truncateFails: false };
}

function noSpace(): Error {
  return Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
}

/** What `open` gave, writing to that disk. A write that does not fit writes the part that does, as real ones do. */
export function onLimitedDisk(handle: FileHandle, path: string, disk: LimitedDisk): FileHandle {
  const write = handle.appendFile.bind(handle);
  const limited = async (data: unknown): Promise<void> => {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    if (!(bytes instanceof Uint8Array)) throw new TypeError("only text and bytes are written here");
    const fits = disk.applies(path) ? Math.min(disk.left, bytes.byteLength) : bytes.byteLength;
    if (disk.applies(path)) disk.left -= fits;
    await write(bytes.subarray(0, fits));
    if (fits < bytes.byteLength) throw noSpace();
  };
  const [sync, datasync] = [handle.sync.bind(handle), handle.datasync.bind(handle)];
  const [truncate, close] = [handle.truncate.bind(handle), handle.close.bind(handle)];
  const failing = (run: () => Promise<void>) => (): Promise<void> => (disk.syncFails(path) ? Promise.reject(ioError()) : run());
  disk.open += 1;
  return Object.assign(handle, {
    appendFile: limited,
    writeFile: limited,
    sync: failing(sync),
    datasync: failing(datasync),
    truncate: (length: number) => (disk.truncateFails ? Promise.reject(ioError()) : truncate(length)),
    close() {
      disk.open -= 1;
      return close();
    },
  });
}

function ioError(): Error {
  return Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
}
