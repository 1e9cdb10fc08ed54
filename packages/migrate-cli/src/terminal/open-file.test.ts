import { execFileSync } from "node:child_process";
import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { temporaryFolder } from "../engine/testing/temporary-folder.ts";
import { createFileOpener } from "./open-file.ts";

function makePipe(): string {
  const path = join(temporaryFolder(), "pipe");
  execFileSync("mkfifo", [path]);
  return path;
}

describe.skipIf(process.platform === "win32")("a file that the user named (skipped on Windows, which has no such pipes)", () => {
  it("is left where it is, also where it is none", async () => {
    const openFile = createFileOpener(new AbortController().signal);
    const missing = join(temporaryFolder(), "missing");
    expect([await openFile(missing), await openFile("/dev/null")]).toEqual([missing, "/dev/null"]);
  });

  it("is read once where it is a pipe, however late and slowly it comes, and given to all who want it", async () => {
    const path = makePipe();
    const openFile = createFileOpener(new AbortController().signal);
    const asked = [openFile(path), openFile(path)];
    const writer = await open(path, "w");
    for (const piece of ["s3", "cret"]) await writer.write(piece);
    await writer.close();
    expect(await Promise.all([...asked, openFile(path)])).toEqual(Array.from({ length: 3 }, () => ({ path, text: "s3cret" })));
  });

  it.each([
    ["nobody writes to", false],
    ["is never closed", true],
  ])("is no longer waited for once the user interrupts, where it is a pipe that %s", async (_what, isWritten) => {
    const path = makePipe();
    const interrupt = new AbortController();
    const asked = createFileOpener(interrupt.signal)(path);
    asked.catch(() => undefined);
    const writer = isWritten ? await open(path, "w") : undefined;
    setImmediate(() => interrupt.abort());
    await expect(asked).rejects.toMatchObject({ code: "aborted", message: "interrupted" });
    await writer?.close();
  });

  it("is refused where it is a pipe without an end", async () => {
    const path = makePipe();
    const asked = createFileOpener(new AbortController().signal)(path);
    asked.catch(() => undefined);
    const writer = await open(path, "w");
    await writeFile(writer, Buffer.alloc(9 * 1024 * 1024)).catch(() => undefined);
    await expect(asked).rejects.toMatchObject({ code: "usage", message: `${path} holds more than 8192 KiB` });
    await writer.close();
  });
});
