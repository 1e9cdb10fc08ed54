import { mkdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openLayoutStore } from "./layout-store.ts";
import { openLayoutTree } from "./layout-tree.ts";
import { lockTree, privateFolder } from "./tree-lock.ts";
import { listed, makeFolder, pushChart, stillClock } from "./testing/layout-fixture.ts";

let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

async function leaveLock(changes: object): Promise<void> {
  const lock = await lockTree(folder.path);
  const path = join(folder.path, privateFolder, "lock");
  const own: object = JSON.parse(await readFile(path, "utf8"));
  await lock.release();
  await writeFile(path, JSON.stringify({ ...own, ...changes }));
}

/** As if the owner of the lock at this path were in another container, and stopped or killed for that long. */
async function moveAway(directory: string, seconds: number): Promise<void> {
  const path = join(directory, privateFolder, "lock");
  const own: object = JSON.parse(await readFile(path, "utf8"));
  await writeFile(path, JSON.stringify({ ...own, namespace: "pid:[1]" }));
  const then = Date.now() / 1000 - seconds;
  await utimes(path, then, then);
}

describe("the lock of a layout tree", () => {
  it("names the owner to whoever comes second", async () => {
    const tree = await openLayoutTree(folder.path);
    const second = openLayoutTree(folder.path);
    await expect(second).rejects.toMatchObject({ code: "layout-locked", retryable: true });
    await expect(second).rejects.toThrow(`process ${process.pid} on host ${hostname()}`);
    await tree.close();
    await (await openLayoutTree(folder.path)).close();
  });

  it("needs none for reading", async () => {
    const tree = await openLayoutTree(folder.path);
    await (await openLayoutTree(folder.path, { readOnly: true })).close();
    await tree.close();
  });

  it("is taken over at once from a dead owner", async () => {
    await leaveLock({ pid: 2 ** 22 + 1 });
    await (await openLayoutTree(folder.path)).close();
  });

  it.each([
    ["another host may hold", { host: "elsewhere" }, "elsewhere"],
    ["another container of this host may hold", { namespace: "pid:[1]" }, "in another container (PID namespace pid:[1])"],
    ["is not readable", { id: "../../x" }, "not readable"],
  ])("is never taken over when it %s, and says what to delete", async (_why, changes, reason) => {
    await leaveLock(changes);
    const refused = { code: "layout-locked", message: expect.stringContaining(reason), hint: expect.stringContaining("delete ") };
    await expect(openLayoutTree(folder.path)).rejects.toMatchObject(refused);
  });

  it("is refused to another container until its owner renewed it no more for a minute", async () => {
    await lockTree(folder.path);
    await moveAway(folder.path, 20);
    const refused = {
      message: expect.stringMatching(/; its lock was renewed 2\d s ago, and is taken over when that is more than 60 s ago$/u),
    };
    await expect(openLayoutTree(folder.path)).rejects.toMatchObject(refused);
    await moveAway(folder.path, 61);
    await (await openLayoutTree(folder.path)).close();
  });

  it("covers the folders below it, in both directions", async () => {
    const tree = await openLayoutTree(folder.path);
    await expect(openLayoutTree(join(folder.path, "a/b"))).rejects.toMatchObject({ code: "layout-locked" });
    await tree.close();
    const part = await openLayoutTree(join(folder.path, "a"));
    const whole = await openLayoutTree(folder.path);
    await expect(whole.openRepository("a/b")).rejects.toMatchObject({ code: "layout-locked" });
    await whole.close();
    await part.close();
  });

  it("covers a folder below it that is reached by a link", async () => {
    const tree = await openLayoutTree(join(folder.path, "whole"));
    await mkdir(join(tree.directory, "a"));
    await symlink(join(tree.directory, "a"), join(folder.path, "link"));
    await expect(openLayoutTree(join(folder.path, "link"))).rejects.toMatchObject({ code: "layout-locked" });
    await tree.close();
  });
});

describe("an owner whose lock was taken while it lived", () => {
  it("leaves the index to the other, says so, and takes nothing more", async () => {
    const tree = await openLayoutTree(folder.path, { clock: stillClock() });
    const store = await openLayoutStore(tree, "web");
    await pushChart(store, "1.0.0");
    await rm(join(folder.path, privateFolder, "lock"));
    const thief = await openLayoutTree(folder.path);
    await pushChart(await openLayoutStore(thief, "web"), "2.0.0");
    const lost = { code: "layout-locked", message: expect.stringContaining("taken while this process had it") };
    await expect((await tree.openRepository("web")).journal?.fold()).rejects.toMatchObject(lost);
    await expect(pushChart(store, "3.0.0")).rejects.toMatchObject(lost);
    await expect(tree.close()).rejects.toMatchObject(lost);
    await thief.close();
    const after = await openLayoutTree(folder.path);
    expect(await listed((await openLayoutStore(after, "web")).tags())).toEqual(["1.0.0", "2.0.0"]);
    await after.close();
  });
  it("takes no change once it goes on, though it had nothing left to fold", async () => {
    const tree = await openLayoutTree(folder.path, { clock: stillClock() });
    const store = await openLayoutStore(tree, "web");
    await moveAway(folder.path, 61);
    const thief = await openLayoutTree(folder.path);
    await pushChart(await openLayoutStore(thief, "web"), "2.0.0");
    await expect(pushChart(store, "3.0.0")).rejects.toMatchObject({ code: "layout-locked" });
    await tree.close();
    await thief.close();
    const after = await openLayoutTree(folder.path);
    expect(await listed((await openLayoutStore(after, "web")).tags())).toEqual(["2.0.0"]);
    await after.close();
  });

  it.each([
    ["the whole, and another one a part", "", "a"],
    ["a part, and another one the whole", "a", ""],
  ])("finds that out also where it had %s", async (_which, own, other) => {
    const tree = await openLayoutTree(join(folder.path, own));
    const store = await openLayoutStore(tree, own === "" ? "a/b" : "b");
    await moveAway(tree.directory, 61);
    const thief = await openLayoutTree(join(folder.path, other));
    await openLayoutStore(thief, other === "" ? "a/b" : "b");
    await expect(pushChart(store, "1.0.0")).rejects.toMatchObject({ code: "layout-locked" });
    await tree.close();
    await thief.close();
  });
});
