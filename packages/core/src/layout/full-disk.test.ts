import { readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { openLayoutStore } from "./layout-store.ts";
import { openLayoutTree, type LayoutTree } from "./layout-tree.ts";
import { scrubLayout } from "./scrub-layout.ts";
import { chartOf, leaveAsDead, listed, makeFolder, pushChart, stillClock } from "./testing/layout-fixture.ts";
import { onLimitedDisk, unlimited } from "./testing/limited-disk.ts";
import { lockTree, privateFolder } from "./tree-lock.ts";

const disk = vi.hoisted(() => ({
  left: 0,
  applies: (_path: string): boolean => false,
  syncFails: (_path: string): boolean => false,
  truncateFails: false,
  open: 0,
}));
vi.mock(import("node:fs/promises"), async (original) => {
  const real = await original();
  return {
    ...real,
    open: async (...given: Parameters<typeof real.open>) => onLimitedDisk(await real.open(...given), String(given[0]), disk),
  };
});

let folder: Awaited<ReturnType<typeof makeFolder>>;
let tree: LayoutTree;
beforeEach(async () => {
  Object.assign(disk, unlimited());
  folder = await makeFolder();
  tree = await openLayoutTree(join(folder.path, "live"), { clock: stillClock() });
});
afterEach(async () => {
  Object.assign(disk, unlimited());
  await tree.close();
  await folder.remove();
});

/** What a process that dies now leaves, as the next one finds it, which has room. */
async function tagsAfterDeath(): Promise<string[]> {
  const { open: _open, ...now } = disk;
  Object.assign(disk, unlimited());
  const path = await leaveAsDead(tree, join(folder.path, "dead"));
  const next = await openLayoutTree(path);
  const tags = await listed((await openLayoutStore(next, "web")).tags());
  await next.close();
  expect((await scrubLayout(path)).damage).toEqual([]);
  await rm(path, { recursive: true });
  Object.assign(disk, now);
  return tags;
}

const isLog = (path: string): boolean => path.includes(".chartferry-log-");
const isIndex = (path: string): boolean => path.includes("index.json");

describe("a disk without room", { timeout: 30_000 }, () => {
  it("fails a blob in its middle and leaves none of it; with room again it is stored", async () => {
    const store = await openLayoutStore(tree, "web");
    await pushChart(store, "1.0.0");
    const { layer } = chartOf("2.0.0");
    disk.left = 5;
    await expect(store.putBlob(layer)).rejects.toMatchObject({
      code: "disk-full",
      message: expect.stringContaining(join(tree.directory, "web")),
      hint: expect.stringContaining("free space"),
    });
    expect(await readdir(tree.uploads.context.scratch)).toEqual([]);
    expect(await store.findBlob(layer.digest)).toBe(undefined);
    expect(await tagsAfterDeath()).toEqual(["1.0.0"]);
    Object.assign(disk, unlimited());
    await pushChart(store, "2.0.0");
    expect(await tagsAfterDeath()).toEqual(["1.0.0", "2.0.0"]);
  });

  it.each([0, 1, 100, 180])(
    "fails a tag whose log line fits only by %i bytes, keeps those before it and takes those after it",
    async (left) => {
      const store = await openLayoutStore(tree, "web");
      if (left > 0) await pushChart(store, "1.0.0");
      Object.assign(disk, { left, applies: isLog });
      await expect(pushChart(store, "2.0.0")).rejects.toMatchObject({ code: "disk-full", message: expect.stringContaining("web") });
      expect(await store.resolve("2.0.0")).toBeUndefined();
      const before = left > 0 ? ["1.0.0"] : [];
      expect(await tagsAfterDeath()).toEqual(before);
      Object.assign(disk, unlimited());
      await pushChart(store, "3.0.0");
      expect(await tagsAfterDeath()).toEqual([...before, "3.0.0"]);
    },
  );

  it("loses no tag when index.json cannot be written, says so at the end, and folds once there is room", async () => {
    const [web, api] = [await openLayoutStore(tree, "web"), await openLayoutStore(tree, "api")];
    await pushChart(web, "1.0.0");
    await (await tree.openRepository("web")).journal?.fold();
    await pushChart(web, "2.0.0");
    await pushChart(api, "2.0.0");
    Object.assign(disk, { left: 20, applies: (path: string) => isIndex(path) && path.includes("web") });
    await expect((await tree.openRepository("web")).journal?.fold()).rejects.toMatchObject({ code: "disk-full" });
    await pushChart(web, "3.0.0");
    expect(await tagsAfterDeath()).toEqual(["1.0.0", "2.0.0", "3.0.0"]);
    await expect(tree.close()).rejects.toMatchObject({ code: "disk-full", message: expect.stringContaining("index.json") });
    expect(disk.open).toBe(0);
    expect(await readdir(join(tree.directory, "api"))).toEqual(["blobs", "index.json", "oci-layout"]);
    Object.assign(disk, unlimited());
    tree = await openLayoutTree(tree.directory);
    expect(await listed((await openLayoutStore(tree, "web")).tags())).toEqual(["1.0.0", "2.0.0", "3.0.0"]);
    expect((await readdir(join(tree.directory, "web"))).toSorted()).toEqual(["blobs", "index.json", "oci-layout"]);
  });

  it("leaves no file open when the end cannot even prepare the index", async () => {
    const store = await openLayoutStore(tree, "web");
    const { manifest } = await pushChart(store, "1.0.0");
    const subject = { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.byteLength };
    await pushChart(store, "signature", chartOf("signature", { subject }));
    Object.assign(disk, { left: 0, applies: (path: string) => path.includes(privateFolder) });
    await expect(tree.close()).rejects.toMatchObject({ code: "disk-full" });
    expect(disk.open).toBe(0);
  });

  it("takes a tag back that it could not make durable, and one that it could not take back spoils none behind it", async () => {
    const store = await openLayoutStore(tree, "web");
    await pushChart(store, "1.0.0");
    disk.syncFails = isLog;
    await expect(pushChart(store, "2.0.0")).rejects.toMatchObject({ code: "file-unwritable" });
    expect(await tagsAfterDeath()).toEqual(["1.0.0"]);
    Object.assign(disk, { left: 100, applies: isLog, syncFails: () => false, truncateFails: true });
    await expect(pushChart(store, "3.0.0")).rejects.toMatchObject({ code: "disk-full" });
    Object.assign(disk, unlimited());
    await pushChart(store, "4.0.0");
    expect(await tagsAfterDeath()).toEqual(["1.0.0", "4.0.0"]);
  });

  it("begins a log anew whose name could not be made durable", async () => {
    const store = await openLayoutStore(tree, "web");
    const { config, layer, manifest } = chartOf("1.0.0");
    await store.putBlob(config);
    await store.putBlob(layer);
    const open = disk.open;
    disk.syncFails = (path) => path === join(tree.directory, "web");
    await expect(store.putManifest("1.0.0", manifest)).rejects.toMatchObject({ code: "file-unwritable" });
    expect([await readdir(join(tree.directory, "web")), disk.open]).toEqual([["blobs", "index.json", "oci-layout"], open]);
    Object.assign(disk, unlimited());
    await store.putManifest("1.0.0", manifest);
    expect(await tagsAfterDeath()).toEqual(["1.0.0"]);
  });

  it("is named when the lock of a folder above, whose owner is gone, cannot be removed for want of room", async () => {
    const above = await lockTree(folder.path);
    const path = join(folder.path, privateFolder, "lock");
    const own: object = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ ...own, namespace: "pid:[1]" }));
    await utimes(path, 1, 1);
    Object.assign(disk, { left: 0, applies: () => true });
    await expect(openLayoutTree(join(folder.path, "part"))).rejects.toMatchObject({
      code: "layout-locked",
      message: expect.stringMatching(/renews its lock no more, but the file system does not let it be removed \(ENOSPC\)$/u),
    });
    await above.release();
  });

  it("is looked at again while nothing changes", async () => {
    await tree.close();
    let pass: (() => void) | undefined;
    const waits: number[] = [];
    const clock = {
      now: () => 0,
      sleep: (milliseconds: number) => {
        waits.push(milliseconds);
        return new Promise<void>((resolve) => (pass = resolve));
      },
    };
    const watched = await openLayoutTree(tree.directory, { clock });
    await pushChart(await openLayoutStore(watched, "web"), "1.0.0");
    Object.assign(disk, { left: 0, applies: isIndex });
    pass?.();
    await expect.poll(() => waits).toEqual([1000, 30_000]);
    Object.assign(disk, unlimited());
    pass?.();
    await expect.poll(() => readdir(join(tree.directory, "web"))).toEqual(["blobs", "index.json", "oci-layout"]);
    await watched.close();
  });
});
