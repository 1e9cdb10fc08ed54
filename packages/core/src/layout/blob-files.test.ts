import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { blobPath, linkBlob } from "./blob-files.ts";
import { blobOf, makeFolder } from "./testing/layout-fixture.ts";

const opened = vi.hoisted((): string[] => []);
vi.mock(import("node:fs/promises"), async (original) => {
  const real = await original();
  return {
    ...real,
    // As between two file systems.
    link: () => Promise.reject(Object.assign(new Error("no link"), { code: "EXDEV" })),
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
  opened.length = 0;
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
