import type * as files from "node:fs/promises";

export interface FileCounts {
  /** How often each function was called, those of open files among them. */
  calls: Record<string, number>;
  /** Bytes that were written. */
  bytes: number;
  /** Files that are open now. */
  open: number;
}

/** The module, counting. */
export function countingFiles(real: typeof files, counts: FileCounts): typeof files {
  const count = (name: string): void => {
    counts.calls[name] = (counts.calls[name] ?? 0) + 1;
  };
  const { lstat, link, mkdir, readdir, readFile, rename, rm, stat, writeFile } = real;
  const counted = <T extends (...given: never[]) => unknown>(name: string, run: T): T =>
    new Proxy(run, {
      apply(target, self, given) {
        count(name);
        return Reflect.apply(target, self, given);
      },
    });
  const openCounted = new Proxy(real.open, {
    async apply(target, self, given) {
      count("open");
      const handle: files.FileHandle = await Reflect.apply(target, self, given);
      counts.open += 1;
      watch(handle, { counts, count });
      return handle;
    },
  });
  const plain = { lstat, link, mkdir, readdir, readFile, rename, rm, stat, writeFile };
  const wrapped = Object.fromEntries(Object.entries(plain).map(([name, run]) => [name, counted(name, run)]));
  return { ...real, ...wrapped, open: openCounted };
}

function watch(handle: files.FileHandle, { counts, count }: { counts: FileCounts; count: (name: string) => void }): void {
  const append = handle.appendFile.bind(handle);
  const close = handle.close.bind(handle);
  const sync = handle.sync.bind(handle);
  const write = (data: string | Uint8Array): Promise<void> => {
    count("write");
    counts.bytes += data.length;
    return append(data);
  };
  const syncCounted = (): Promise<void> => {
    count("sync");
    return sync();
  };
  const closeCounted = (): Promise<void> => {
    counts.open -= 1;
    return close();
  };
  Object.assign(handle, { appendFile: write, writeFile: write, sync: syncCounted, datasync: syncCounted, close: closeCounted });
}
