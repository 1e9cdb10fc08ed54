import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { blobPath } from "./blob-files.ts";
import { linkBlob } from "./link-blob.ts";
import { blobOf, makeFolder } from "./testing/layout-fixture.ts";

/** `false` as between two file systems. */
let links = false;
const opened = vi.hoisted((): string[] => []);
vi.mock(import("node:fs/promises"), async (original) => {
  const real = await original();
  return {
    ...real,
    link: (...given) => (links ? real.link(...given) : Promise.reject(Object.assign(new Error("no link"), { code: "EXDEV" }))),
    async open(...given: Parameters<typeof real.open>) {
      const handle = await real.open(...given);
      const sync = handle.sync.bind(handle);
      handle.sync = () => {
        opened.push(String(given[0]));
        return sync();
      };
      return handle;
    },
  };
});

let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeEach(async () => {
  folder = await makeFolder();
  [opened.length, links] = [0, false];
  for (const name of ["from", "to"]) await mkdir(join(folder.path, name, "blobs/sha256"), { recursive: true });
});
afterEach(() => folder.remove());

const blob = blobOf("shared");

function mount(durability: "fsync" | "none"): Promise<boolean> {
  const options = { temporary: join(folder.path, "temporary"), durability, digest: blob.digest };
  return linkBlob(join(folder.path, "from"), join(folder.path, "to"), options);
}

describe("a blob that is taken over where links are not possible", () => {
  it.each([
    ["fsync", 1],
    ["none", 0],
  ] as const)("has its bytes copied, and with durability %s synced %i times before it gets its name", async (durability, times) => {
    await writeFile(blobPath(join(folder.path, "from"), blob.digest), "shared");
    expect(await mount(durability)).toBe(true);
    expect(opened.filter((path) => path.endsWith("temporary"))).toHaveLength(times);
    expect(await readFile(blobPath(join(folder.path, "to"), blob.digest), "utf8")).toBe("shared");
  });

  it("leaves no unfinished file when the copy cannot get its name", async () => {
    await writeFile(blobPath(join(folder.path, "from"), blob.digest), "shared");
    await mkdir(blobPath(join(folder.path, "to"), blob.digest));
    await expect(mount("none")).rejects.toThrow();
    expect(await readdir(folder.path)).toEqual(["from", "to"]);
  });
});

describe("a blob that is taken over where the target has a file of its digest", () => {
  beforeEach(() => {
    links = true;
  });
  const [source, target] = [(): string => join(folder.path, "from"), (): string => join(folder.path, "to")];

  it("is left as it is when it stands there already, also when it is the same file", async () => {
    await writeFile(blobPath(source(), blob.digest), "shared");
    expect([await mount("none"), await mount("none")]).toEqual([true, true]);
    expect((await stat(blobPath(target(), blob.digest))).nlink).toBe(2);
  });

  it("replaces one that was cut off, and leaves no unfinished file", async () => {
    await writeFile(blobPath(source(), blob.digest), "shared");
    await writeFile(blobPath(target(), blob.digest), "sha");
    expect(await mount("fsync")).toBe(true);
    expect(await readFile(blobPath(target(), blob.digest), "utf8")).toBe("shared");
    expect(opened.filter((path) => path.endsWith("temporary"))).toHaveLength(1);
    expect(await readdir(folder.path)).toEqual(["from", "to"]);
  });

  it.each(["sha", "scared"])("is not there for it when the source has %j instead", async (damaged) => {
    await writeFile(blobPath(source(), blob.digest), damaged);
    await writeFile(blobPath(target(), blob.digest), "shared, and more");
    expect(await mount("none")).toBe(false);
    expect(await readFile(blobPath(target(), blob.digest), "utf8")).toBe("shared, and more");
    expect(await readdir(folder.path)).toEqual(["from", "to"]);
  });
});
