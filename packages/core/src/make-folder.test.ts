import { existsSync } from "node:fs";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { makeFolder } from "./make-folder.ts";

let parent = "";
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "chartferry-folder-"));
});
afterEach(() => rm(parent, { recursive: true, force: true }));

describe("makeFolder", () => {
  it("makes what is missing, for whom it is told to, and says what it made", async () => {
    expect(await makeFolder(join(parent, "a/b"), 0o700)).toEqual([join(parent, "a"), join(parent, "a/b")]);
    expect((await stat(join(parent, "a"))).mode & 0o777).toBe(0o700);
    expect(await makeFolder(join(parent, "a/b"))).toEqual([]);
  });

  it("makes each folder once when two make them at a time", async () => {
    const made = await Promise.all([1, 2, 3, 4].map(() => makeFolder(join(parent, "a/b/c"))));
    expect(made.flat().toSorted()).toEqual(["a", "a/b", "a/b/c"].map((name) => join(parent, name)));
  });

  it("fails where a file is in the way", async () => {
    await writeFile(join(parent, "file"), "");
    await expect(makeFolder(join(parent, "file"))).rejects.toMatchObject({ code: "EEXIST" });
    await expect(makeFolder(join(parent, "file/a/b"))).rejects.toMatchObject({ code: "EEXIST" });
  });

  it.skipIf(!existsSync("/proc/self"))(
    `ends below a place that answers "no such file" to every attempt (skipped where there is no /proc)`,
    async () => {
      await expect(makeFolder("/proc/x/y/z")).rejects.toMatchObject({ code: "ENOENT" });
    },
  );
});
