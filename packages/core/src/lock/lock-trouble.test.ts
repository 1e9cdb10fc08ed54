import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { refuseLocked, takeLock, type HeldLock, type LockRefusal } from "./lock-file.ts";
import { currentProcess } from "./process-identity.ts";

/** How the file system behaves. */
const disk = vi.hoisted(() => ({
  /** Whether it has hard links. */
  links: true,
  /** Before each write to a file with that path. */
  beforeWrite: (_path: string): Promise<void> => Promise.resolve(),
  beforeRename: (): Promise<void> => Promise.resolve(),
  /** Called with the path of each file that is opened to be read. */
  onRead: (_path: string): void => {},
}));
vi.mock(import("node:fs/promises"), async (original) => {
  const real = await original();
  return {
    ...real,
    link: (...given) => (disk.links ? real.link(...given) : Promise.reject(errorOf("EPERM"))),
    async rename(...given) {
      await disk.beforeRename();
      await real.rename(...given);
    },
    async open(...given) {
      if (given[1] === "r") disk.onRead(String(given[0]));
      const handle = await real.open(...given);
      const write = handle.writeFile.bind(handle);
      handle.writeFile = async (...text) => {
        await disk.beforeWrite(String(given[0]));
        await write(...text);
      };
      return handle;
    },
  };
});

function errorOf(code: string): Error {
  return Object.assign(new Error(code), { code });
}

const noRoom = (): Promise<void> => Promise.reject(errorOf("ENOSPC"));
/** The first write finds the lock held, the second marks the takeover. */
function failAtThird(): () => Promise<void> {
  let writes = 0;
  return () => ((writes += 1) === 3 ? noRoom() : Promise.resolve());
}
const untroubled = { ...disk };

let [folder, path] = ["", ""];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chartferry-trouble-"));
  path = join(folder, "lock");
});
afterEach(async () => {
  Object.assign(disk, untroubled);
  await rm(folder, { recursive: true, force: true });
});

const refuse = (refusal: LockRefusal): Error => Object.assign(new Error(refusal.kind), { refusal });
const take = (): Promise<HeldLock> => takeLock(path, refuse);

async function leaveLock(changes: object): Promise<void> {
  await writeFile(path, JSON.stringify({ id: "left-behind", ...(await currentProcess()), ...changes }));
}

describe("a disk without room", () => {
  it("leaves no empty lock where there are no hard links, which would keep everybody out for ever", async () => {
    Object.assign(disk, { links: false, beforeWrite: (file: string) => (file === path ? noRoom() : Promise.resolve()) });
    await expect(take()).rejects.toMatchObject({ code: "ENOSPC" });
    expect(await readdir(folder)).toEqual([]);
    Object.assign(disk, untroubled);
    await (await take()).release();
  });

  it.each([
    ["write", { beforeWrite: failAtThird() }],
    ["rename", { beforeRename: noRoom }],
  ])("leaves a dead owner's lock as it was and nothing beside it when it refuses the last %s", async (_which, trouble) => {
    await leaveLock({ pid: 2 ** 22 + 1 });
    Object.assign(disk, trouble);
    await expect(take()).rejects.toMatchObject({ code: "ENOSPC" });
    expect(await readdir(folder)).toEqual(["lock"]);
  });

  it("is named when a lock cannot be removed whose lease has run out, and the lock is refused", async () => {
    await leaveLock({ namespace: "pid:[1]", pid: 2 ** 22 + 1, lease: 1, taken: 1 });
    disk.beforeWrite = noRoom;
    await expect(refuseLocked(path, refuse, { now: () => Date.now() + 1000, every: () => () => {} })).rejects.toMatchObject({
      refusal: { kind: "irremovable", owner: { pid: 2 ** 22 + 1 }, cause: { code: "ENOSPC" } },
    });
    expect(await readdir(folder)).toEqual(["lock"]);
  });
});

describe("a file system without hard links", () => {
  it("shows a lock to others whose owner has not written it yet, and they look again", async () => {
    let looks = 0;
    let second: Promise<unknown> | undefined;
    disk.links = false;
    disk.onRead = (file) => void (looks += file === path ? 1 : 0);
    disk.beforeWrite = async (file) => {
      if (file !== path) return;
      second = take().catch((error: unknown) => error);
      await expect.poll(() => looks, { interval: 1 }).toBeGreaterThan(1);
    };
    const first = await take();
    expect(await second).toMatchObject({ refusal: { kind: "alive", owner: { pid: process.pid } } });
    await first.release();
  });
});
