import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { refuseLocked, takeLock, type LockRefusal } from "./lock-file.ts";
import { currentProcess, type ProcessIdentity } from "./process-identity.ts";

/** What happens between the look at a lock's owner and what is done about it. */
let whenAsked: (asked: ProcessIdentity) => Promise<void>;
vi.mock(import("./process-identity.ts"), async (original) => {
  const real = await original();
  return {
    ...real,
    async stateOf(...asked) {
      const state = await real.stateOf(...asked);
      await whenAsked(asked[0]);
      return state;
    },
  };
});

let folder = "";
let path = "";
beforeEach(async () => {
  whenAsked = () => Promise.resolve();
  folder = await mkdtemp(join(tmpdir(), "chartferry-lock-"));
  path = join(folder, "lock");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

class Refused extends Error {
  readonly refusal: LockRefusal;
  constructor(refusal: LockRefusal) {
    super(refusal.kind);
    this.refusal = refusal;
  }
}
const refuse = (refusal: LockRefusal): Error => new Refused(refusal);

async function leaveLock(changes: object): Promise<void> {
  await writeFile(path, JSON.stringify({ id: "left-behind", ...(await currentProcess()), ...changes }));
}

describe("takeLock", () => {
  it("tells whoever comes second who holds it, and lets it in after the release", async () => {
    const first = await takeLock(path, refuse);
    await expect(takeLock(path, refuse)).rejects.toMatchObject({
      refusal: { kind: "alive", owner: { pid: process.pid, host: hostname() } },
    });
    await first.release();
    await (await takeLock(path, refuse)).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ["whose process is gone", { pid: 2 ** 22 + 1 }],
    ["whose process number now belongs to another process", { pid: process.ppid, started: "1" }],
    ["of before the machine was started again", { boot: "another" }],
  ])("takes over at once from an owner %s", async (_why, changes) => {
    await leaveLock(changes);
    const lock = await takeLock(path, refuse);
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ pid: process.pid });
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it("never takes over from another host, whose name it shows harmlessly", async () => {
    await leaveLock({ host: "else\u001bwhere", pid: 2 ** 22 + 1 });
    const refused = { refusal: { kind: "elsewhere", owner: { host: "else?where" } } };
    await expect(takeLock(path, refuse)).rejects.toMatchObject(refused);
  });

  it("never takes over from another PID namespace of this host, whatever its process number says here", async () => {
    await leaveLock({ namespace: "pid:[1]\u001b", pid: 2 ** 22 + 1 });
    const refused = { refusal: { kind: "contained", owner: { host: hostname(), pid: 2 ** 22 + 1, namespace: "pid:[1]?" } } };
    await expect(takeLock(path, refuse)).rejects.toMatchObject(refused);
    await expect(refuseLocked(path, refuse)).rejects.toMatchObject(refused);
    await leaveLock({ namespace: "pid:[1]", pid: 2 ** 22 + 1, boot: "another" });
    await (await takeLock(path, refuse)).release();
  });

  it("judges a lock without a namespace by its process number, as those were that wrote none", async () => {
    await leaveLock({ namespace: undefined });
    await expect(takeLock(path, refuse)).rejects.toMatchObject({ refusal: { kind: "alive" } });
    await leaveLock({ namespace: undefined, pid: 2 ** 22 + 1 });
    await (await takeLock(path, refuse)).release();
  });

  it.each([
    ["torn", '{"id":"x","host"'],
    ["empty", ""],
    ["one whose id is a path", '{"id":"../../x","host":"h","boot":"","pid":1,"started":""}'],
    ["one whose namespace is no text", '{"id":"x","host":"h","boot":"","pid":1,"started":"","namespace":null}'],
    ["one whose lease is no number", '{"id":"x","host":"h","boot":"","pid":1,"started":"","lease":"60"}'],
    ["one that was taken at no time", '{"id":"x","host":"h","boot":"","pid":1,"started":"","taken":1e99}'],
    ["endless", JSON.stringify({ id: "x", host: "h".repeat(5000), boot: "", pid: 1, started: "" })],
  ])("does not touch a lock file that is %s: its writer may be at work", async (_what, text) => {
    await writeFile(path, text);
    await expect(takeLock(path, refuse)).rejects.toMatchObject({ refusal: { kind: "unreadable" } });
    expect(await readFile(path, "utf8")).toBe(text);
  });

  it("has one winner when many take over from a dead owner at the same moment", async () => {
    await leaveLock({ pid: 2 ** 22 + 1 });
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => takeLock(path, refuse)));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("goes on where a process died while it was taking over", async () => {
    await leaveLock({ pid: 2 ** 22 + 1 });
    const dead = { ...(await currentProcess()), id: "dead-taker", pid: 2 ** 22 + 2 };
    await writeFile(`${path}-takeover-left-behind`, JSON.stringify(dead));
    await (await takeLock(path, refuse)).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it("never removes a taker's marker that a living one replaced while the dead one was looked at", async () => {
    await leaveLock({ pid: 2 ** 22 + 1 });
    const marker = `${path}-takeover-left-behind`;
    const living = { ...(await currentProcess()), id: "living-taker" };
    await writeFile(marker, JSON.stringify({ ...living, id: "dead-taker", pid: 2 ** 22 + 2 }));
    whenAsked = async (asked) => {
      if (asked.pid === 2 ** 22 + 2) await writeFile(marker, JSON.stringify(living));
    };
    await expect(takeLock(path, refuse)).rejects.toMatchObject({ refusal: { kind: "contended" } });
    expect(JSON.parse(await readFile(marker, "utf8"))).toMatchObject({ id: "living-taker" });
  });

  it("knows when its file was deleted, or names another", async () => {
    const lock = await takeLock(path, refuse);
    expect(await lock.isHeld()).toBe(true);
    await leaveLock({ id: "another" });
    expect(await lock.isHeld()).toBe(false);
    await rm(path);
    expect(await lock.isHeld()).toBe(false);
  });

  it("leaves alone what another owner holds by then", async () => {
    const lock = await takeLock(path, refuse);
    await leaveLock({ id: "another" });
    await lock.release();
    await lock.release();
    expect(await readdir(folder)).toEqual(["lock"]);
  });
});

describe("refuseLocked", () => {
  it("passes where there is no lock or a dead one, and refuses a living one", async () => {
    await refuseLocked(path, refuse);
    await leaveLock({ boot: "another" });
    await refuseLocked(path, refuse);
    await leaveLock({});
    await expect(refuseLocked(path, refuse)).rejects.toMatchObject({ refusal: { kind: "alive" } });
  });
});
