import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { refuseLocked, takeLock, type HeldLock, type LockRefusal } from "./lock-file.ts";
import { currentProcess, type ProcessIdentity } from "./process-identity.ts";

/** What this process takes itself for. */
let self: Partial<ProcessIdentity> = {};
/** What happens between the look at a lock's owner and what is done about it. */
let whenAsked: () => Promise<void>;
vi.mock(import("./process-identity.ts"), async (original) => {
  const real = await original();
  return {
    ...real,
    currentProcess: async () => ({ ...(await real.currentProcess()), ...self }),
    async stateOf(...asked) {
      const state = await real.stateOf(...asked);
      await whenAsked();
      return state;
    },
  };
});

/** Whether the file system takes the times of files. */
let takesTimes = true;
let refusedTimes = 0;
vi.mock(import("node:fs/promises"), async (original) => {
  const real = await original();
  return {
    ...real,
    async open(...opened) {
      const handle = await real.open(...opened);
      if (!takesTimes) handle.utimes = () => Promise.reject(new Error(`EPERM ${(refusedTimes += 1)}`));
      return handle;
    },
  };
});

const start = Date.UTC(2026, 0, 1);
let now = start;
let ticks: (() => void)[] = [];
const time = {
  now: () => now,
  every(_milliseconds: number, action: () => void) {
    ticks.push(action);
    return () => void (ticks = ticks.filter((each) => each !== action));
  },
};

let [folder, path] = ["", ""];
beforeEach(async () => {
  [now, ticks, takesTimes, refusedTimes] = [start, [], true, 0];
  self = {};
  whenAsked = () => Promise.resolve();
  folder = await mkdtemp(join(tmpdir(), "chartferry-lease-"));
  path = join(folder, "lock");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const refuse = (refusal: LockRefusal): Error => Object.assign(new Error(refusal.kind), { refusal });
const take = (): Promise<HeldLock> => takeLock(path, refuse, time);
const contained = { id: "left-behind", namespace: "pid:[1]", pid: 2 ** 22 + 1, lease: 60_000 };

/** A lock that was renewed at `start`. */
async function leaveLock(changes: object, file = path): Promise<void> {
  await writeFile(file, JSON.stringify({ ...(await currentProcess()), ...contained, ...changes }));
  await renewAt(start, file);
}

async function renewAt(at: number, file = path): Promise<void> {
  await utimes(file, new Date(at), new Date(at));
}

const renewed = async (): Promise<number> => (await stat(path)).mtimeMs;

describe("an owner", () => {
  it("renews its lock by the file's time alone, and no more after the release", async () => {
    const lock = await take();
    const text = await readFile(path, "utf8");
    expect(await renewed()).toBe(start);
    now += 10_000;
    ticks[0]?.();
    await vi.waitFor(async () => expect(await renewed()).toBe(now));
    expect(await readFile(path, "utf8")).toBe(text);
    await lock.release();
    expect(ticks).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it("leaves the lock of whoever has it since as it is, and stops", async () => {
    await take();
    await leaveLock({ id: "another" });
    now += 90_000;
    ticks[0]?.();
    await vi.waitFor(() => expect(ticks).toEqual([]));
    expect(await renewed()).toBe(start);
  });

  it("goes on where a renewal fails, and makes up for it with the next", async () => {
    const lock = await take();
    now += 10_000;
    takesTimes = false;
    ticks[0]?.();
    await vi.waitFor(() => expect(refusedTimes).toBe(1));
    expect(await renewed()).toBe(start);
    expect(await lock.isHeld()).toBe(true);
    takesTimes = true;
    await vi.waitFor(async () => {
      ticks[0]?.();
      expect(await renewed()).toBe(now);
    });
  });

  it("promises no renewal where the file system takes no times", async () => {
    takesTimes = false;
    await take();
    expect(JSON.parse(await readFile(path, "utf8"))).not.toHaveProperty("lease");
  });

  it("knows at once, and later, that another one has the lock", async () => {
    const lock = await take();
    expect([lock.isHeldNow(), await lock.isHeld()]).toEqual([true, true]);
    await leaveLock({ id: "another" });
    expect([lock.isHeldNow(), await lock.isHeld()]).toEqual([false, false]);
    await rm(path);
    expect(lock.isHeldNow()).toBe(false);
  });
});

describe("the lock of an owner in another container", () => {
  it.each([
    ["of this host", {}],
    ["with a name of its own", { host: "other-container" }],
  ])("%s is refused for a minute after it was renewed last, and taken over then", async (_which, changes) => {
    await leaveLock(changes);
    now = start + 60_000;
    await expect(take()).rejects.toMatchObject({ refusal: { lease: { unrenewed: 60_000, limit: 60_000 }, taken: start } });
    await expect(refuseLocked(path, refuse, time)).rejects.toThrow();
    now += 1;
    const lock = await take();
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ pid: process.pid });
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ["of another host, by whose clock it is renewed", "elsewhere", { host: "elsewhere", boot: "another" }],
    ["of a system that does not tell which kernel it runs", "contained", { boot: "" }],
    ["that nobody promised to renew", "contained", { lease: undefined }],
  ])("is refused always where it is one %s", async (_which, kind, changes) => {
    await leaveLock(changes);
    now = start + 1e12;
    await expect(take()).rejects.toMatchObject({ refusal: { kind } });
    await expect(take()).rejects.not.toHaveProperty("refusal.lease");
  });

  it("is refused always where neither of the two systems tells which kernel it runs", async () => {
    self = { boot: "" };
    await leaveLock({});
    now = start + 1e12;
    await expect(take()).rejects.toMatchObject({ refusal: { kind: "contained" } });
  });

  it("says nothing by its lease where the process can be seen to live", async () => {
    await leaveLock(await currentProcess());
    now = start + 1e12;
    await expect(take()).rejects.toMatchObject({ refusal: { kind: "alive" } });
  });

  it("is refused while its time lies ahead of the clock", async () => {
    await leaveLock({});
    now = start - 1e9;
    await expect(take()).rejects.toMatchObject({ refusal: { kind: "contained", lease: { unrenewed: 0 } } });
  });

  it("stays with an owner that goes on while it is taken over", async () => {
    await leaveLock({});
    now = start + 61_000;
    whenAsked = () => renewAt(now);
    await expect(take()).rejects.toMatchObject({ refusal: { kind: "contained", lease: { unrenewed: 0 } } });
    expect(await readdir(folder)).toEqual(["lock"]);
  });

  it("has one winner when many take it over at the same moment", async () => {
    await leaveLock({});
    now = start + 61_000;
    const results = await Promise.allSettled(Array.from({ length: 20 }, take));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("is taken over also where a container was killed while it took it over", async () => {
    await leaveLock({});
    await leaveLock({ id: "dead-taker", namespace: "pid:[2]" }, `${path}-takeover-left-behind`);
    await renewAt(start + 50_000, `${path}-takeover-left-behind`);
    now = start + 61_000;
    await expect(take()).rejects.toMatchObject({ refusal: { kind: "contended" } });
    now = start + 111_000;
    await (await take()).release();
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("refuseLocked", () => {
  it("removes a lock whose lease has run out, so that its owner, continued, finds it gone", async () => {
    await leaveLock({});
    now = start + 61_000;
    await refuseLocked(path, refuse, time);
    expect(await readdir(folder)).toEqual([]);
    expect(ticks).toEqual([]);
  });

  it("refuses where another process takes it over at this moment", async () => {
    await leaveLock({});
    await leaveLock({ ...(await currentProcess()), id: "living" }, `${path}-takeover-left-behind`);
    now = start + 61_000;
    await expect(refuseLocked(path, refuse, time)).rejects.toMatchObject({ refusal: { kind: "contended" } });
  });
});
