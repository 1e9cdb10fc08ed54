import { existsSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { openLayoutTree } from "./layout-tree.ts";

describe("a place where nobody can write", () => {
  it.skipIf(!existsSync("/proc/self"))("is an error, not an endless wait (skipped where there is no /proc)", async () => {
    await expect(openLayoutTree("/proc/x/y")).rejects.toMatchObject({ code: "file-unwritable", operation: "create layout" });
  });
});
