import { execFileSync, spawn } from "node:child_process";
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { afterEach, describe, expect, it } from "vitest";

import { allowFileCalls, refuseFileCall } from "../testing/refuse-file-call.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { checkReportPlace, writeDocument } from "./write-report.ts";

afterEach(allowFileCalls);

describe("the place of a report", () => {
  it("keeps the mode of the file that stood there, whatever the umask", async () => {
    const path = join(temporaryFolder(), "report.json");
    for (const mode of [0o600, 0o666]) {
      writeFileSync(path, "old");
      chmodSync(path, mode);
      await writeDocument(path, ["new"]);
      expect([readFileSync(path, "utf8"), statSync(path).mode & 0o777]).toEqual(["new", mode]);
    }
  });

  it("is what a link leads to, there or not, and the link stays", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "kept"));
    symlinkSync("kept/report.json", join(folder, "link"));
    for (const content of ["first", "second"]) {
      await checkReportPlace(join(folder, "link"));
      await writeDocument(join(folder, "link"), [content]);
      expect(readlinkSync(join(folder, "link"))).toBe("kept/report.json");
      expect(readFileSync(join(folder, "kept", "report.json"), "utf8")).toBe(content);
    }
    expect([readdirSync(folder).toSorted(), readdirSync(join(folder, "kept"))]).toEqual([["kept", "link"], ["report.json"]]);
  });

  it("is refused where links form a ring", async () => {
    const folder = temporaryFolder();
    symlinkSync("ring", join(folder, "ring"));
    symlinkSync("nowhere/../bent", join(folder, "bent"));
    await expect(checkReportPlace(join(folder, "ring"))).rejects.toMatchObject({ code: "file-unwritable" });
    await expect(checkReportPlace(join(folder, "bent"))).rejects.toMatchObject({ code: "file-unwritable" });
    expect(readdirSync(folder).toSorted()).toEqual(["bent", "ring"]);
  });

  it.skipIf(process.platform === "win32")("is written through where it is a pipe, which stays one", async () => {
    const path = join(temporaryFolder(), "pipe");
    execFileSync("mkfifo", [path]);
    await checkReportPlace(path);
    await expect(writeDocument(path, ["lost"])).rejects.toMatchObject({
      code: "file-unwritable",
      message: expect.stringContaining("ENXIO"),
    });
    const reader = spawn("cat", [path]);
    const [read] = await Promise.all([text(reader.stdout), writeWhenRead(path), once(reader, "close")]);
    expect(read).toBe("whole");
    expect(lstatSync(path).isFIFO()).toBe(true);
  });

  it("is tried before the run by making a file beside it", async () => {
    const folder = temporaryFolder();
    refuseFileCall("open", "EACCES");
    await expect(checkReportPlace(join(folder, "report.json"))).rejects.toMatchObject({ code: "file-unwritable" });
    refuseFileCall("open", "ENOSPC");
    await expect(checkReportPlace(join(folder, "report.json"))).rejects.toMatchObject({ code: "disk-full" });
    allowFileCalls();
    await checkReportPlace(join(folder, "report.json"));
    expect(readdirSync(folder)).toEqual([]);
  });

  it("that cannot be written is told by why, not by why nothing could be removed", async () => {
    const path = join(temporaryFolder(), "report.json");
    refuseFileCall("open", "EACCES");
    refuseFileCall("rm", "EBUSY");
    await expect(writeDocument(path, ["x"])).rejects.toMatchObject({
      code: "file-unwritable",
      message: `cannot write the report ${path}: EACCES: refused`,
    });
  });
});

/** `cat` needs a moment to open it. */
async function writeWhenRead(path: string): Promise<void> {
  for (;;) {
    const open = await writeDocument(path, ["wh", "ole"]).then(
      () => true,
      () => false,
    );
    if (open) return;
    await new Promise((settle) => setImmediate(settle));
  }
}
