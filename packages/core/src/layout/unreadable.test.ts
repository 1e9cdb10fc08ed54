import { describe, expect, it } from "vitest";

import { digestOf } from "../digest.ts";
import { blobSize, openBlob } from "./blob-files.ts";
import { isLayout } from "./layout-tree.ts";

/** Longer than a file name may be: the system refuses to look at it, for root as well. */
const folder = `/dev/shm/${"x".repeat(300)}`;
const digest = digestOf(Buffer.from("x"));

describe("a layout whose files cannot be looked at", () => {
  it.each([
    ["the size of a blob", () => blobSize(folder, digest)],
    ["a blob", () => openBlob(folder, digest)],
    ["an index.json", () => isLayout(folder)],
  ])("is told with its path: %s", async (_what, look) => {
    await expect(look()).rejects.toMatchObject({ code: "file-unreadable", message: expect.stringContaining(`ENAMETOOLONG at ${folder}/`) });
  });
});
