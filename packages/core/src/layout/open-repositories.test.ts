import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { refresh } from "./layout-repository.ts";
import { openLayoutStore } from "./layout-store.ts";
import { openLayoutTree, type LayoutTree } from "./layout-tree.ts";
import { listed, makeFolder, pushChart, stillClock } from "./testing/layout-fixture.ts";

let folder: Awaited<ReturnType<typeof makeFolder>>;
let tree: LayoutTree;
beforeEach(async () => {
  folder = await makeFolder();
  tree = await openLayoutTree(folder.path, { clock: stillClock() });
});
afterEach(async () => {
  await tree.close();
  await folder.remove();
});

async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new TypeError("this node cannot collect garbage on demand");
  for (let round = 0; round < 3; round += 1) {
    await nextTurn();
    collect();
  }
}

async function lookFor(name: string): Promise<WeakRef<object>> {
  return new WeakRef(await tree.openRepository(name));
}

describe("open repositories of a tree", () => {
  it("are listed again once what could not be looked at can be, without a restart", async () => {
    await pushChart(await openLayoutStore(tree, "web"), "1.0.0");
    const unreadable = join(folder.path, "unreadable");
    await mkdir(unreadable);
    // Longer than a file name may be: the system refuses to follow it, for root as well.
    await symlink("x".repeat(300), join(unreadable, "index.json"));
    await expect(listed(tree.repositories())).rejects.toMatchObject({ code: "file-unreadable" });
    await rm(unreadable, { recursive: true });
    expect(await listed(tree.repositories())).toEqual(["web"]);
  });

  it("forgets names that were asked for in vain", async () => {
    const looked: WeakRef<object>[] = [];
    for (let number = 0; number < 20; number += 1) looked.push(await lookFor(`random-${number}`));
    await collectGarbage();
    expect(looked.filter((repository) => repository.deref() !== undefined)).toEqual([]);
  });

  it("gives the one object to all who open a new repository while one of them uses it", async () => {
    const first = await openLayoutStore(tree, "web");
    await collectGarbage();
    const [second, third] = await Promise.all([openLayoutStore(tree, "web"), openLayoutStore(tree, "web")]);
    await Promise.all([pushChart(first, "1.0.0"), pushChart(second, "2.0.0"), pushChart(third, "3.0.0")]);
    expect(await listed(second.tags())).toEqual(["1.0.0", "2.0.0", "3.0.0"]);
    expect(await tree.openRepository("web")).toBe(await tree.openRepository("web"));
  });

  it("keeps what was written to, and folds it at the end, though nobody holds it", async () => {
    const push = async (): Promise<void> => void (await pushChart(await openLayoutStore(tree, "web"), "1.0.0"));
    await push();
    await collectGarbage();
    await tree.close();
    tree = await openLayoutTree(folder.path);
    expect((await tree.openRepository("web")).state.tags.has("1.0.0")).toBe(true);
  });

  it("counts one that a reader looked for in vain among those that are open, once the owner has made it", async () => {
    const clock = stillClock();
    const reader = await openLayoutTree(folder.path, { readOnly: true, clock });
    const awaited = await reader.openRepository("web");
    const chart = await pushChart(await openLayoutStore(tree, "web"), "1.0.0");
    expect(await reader.holderOf(chart.layer.digest)).toBeUndefined();
    clock.advance(2000);
    await refresh(awaited);
    expect(await reader.openRepository("web")).toBe(awaited);
    expect(await reader.holderOf(chart.layer.digest)).toBe(awaited);
    await reader.close();
  });
});
