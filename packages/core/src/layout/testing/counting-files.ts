import type * as files from "node:fs/promises";

export interface FileCounts {
  /** How often each function was called, those of open files among them. */
  calls: Record<string, number>;
  /** Bytes that were written. */
  bytes: number;
  /** Files that are open now. */
  open: number;
  /** What was written, made durable, renamed and removed, in this order: `sync /path`. Only where it is asked for. */
  steps?: string[];
}

/** The module, counting. */
export function countingFiles(real: typeof files, counts: FileCounts): typeof files {
  const count = (name: string): void => {
    counts.calls[name] = (counts.calls[name] ?? 0) + 1;
  };
  const { lstat, link, mkdir, readdir, readFile, rename, rm, stat, writeFile } = real;
  const step = (...words: string[]): void => void counts.steps?.push(words.join(" "));
  const counted = <T extends (...given: never[]) => unknown>(name: string, run: T): T =>
    new Proxy(run, {
      apply(target, self, given) {
        count(name);
        if (name === "rename" || name === "rm") step(name, ...given.filter((word: unknown) => typeof word === "string"));
        return Reflect.apply(target, self, given);
      },
    });
  const openCounted = new Proxy(real.open, {
    async apply(target, self, given) {
      count("open");
      const handle: files.FileHandle = await Reflect.apply(target, self, given);
      counts.open += 1;
      watch(handle, { counts, count, step: (name) => step(name, String(given[0])) });
      return handle;
    },
  });
  const plain = { lstat, link, mkdir, readdir, readFile, rename, rm, stat, writeFile };
  const wrapped = Object.fromEntries(Object.entries(plain).map(([name, run]) => [name, counted(name, run)]));
  return { ...real, ...wrapped, open: openCounted };
}

interface Watcher {
  readonly counts: FileCounts;
  readonly count: (name: string) => void;
  readonly step: (name: string) => void;
}

function watch(handle: files.FileHandle, { counts, count, step }: Watcher): void {
  const append = handle.appendFile.bind(handle);
  const close = handle.close.bind(handle);
  const [sync, datasync] = [handle.sync.bind(handle), handle.datasync.bind(handle)];
  const write = (data: string | Uint8Array): Promise<void> => {
    count("write");
    step("write");
    counts.bytes += data.length;
    return append(data);
  };
  const counted = (name: string, run: () => Promise<void>) => async (): Promise<void> => {
    count("sync");
    await run();
    step(name);
  };
  const closeCounted = (): Promise<void> => {
    counts.open -= 1;
    return close();
  };
  Object.assign(handle, {
    appendFile: write,
    writeFile: write,
    close: closeCounted,
    sync: counted("sync", sync),
    datasync: counted("datasync", datasync),
  });
}
