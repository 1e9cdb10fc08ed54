import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openLayoutTree } from "./layout-tree.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chartferry-unwritable-"));
  await writeFile(join(folder, "file"), "text");
});
afterEach(() => rm(folder, { recursive: true }));

describe("what is no folder of layouts", () => {
  it.each([
    ["a file to write to", "file", false, ["file-unwritable", "is a file, not a folder", "where nothing stands yet"]],
    ["a file to read", "file", true, ["layout-invalid", "is a file, not a folder", "name a folder"]],
    ["nothing to read", "none", true, ["file-missing", "is not there", "is not made"]],
    ["something below a file", "file/below", false, ["file-unwritable", "file/below", "is a file, not a folder"]],
  ] as const)("is said in words: %s", async (...[, name, readOnly, [code, message, hint]]) => {
    await expect(openLayoutTree(join(folder, name), { readOnly })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    });
  });
});

describe("a place where nobody can write", () => {
  it.skipIf(!existsSync("/proc/self"))("is an error, not an endless wait (skipped where there is no /proc)", async () => {
    await expect(openLayoutTree("/proc/x/y")).rejects.toMatchObject({ code: "file-unwritable", operation: "create layout" });
  });
});
