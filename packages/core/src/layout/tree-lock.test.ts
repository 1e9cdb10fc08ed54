import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
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
});
