import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, expect, it } from "vitest";

import { allowFileCalls, refuseFileCall } from "../engine/testing/refuse-file-call.ts";
import { temporaryFolder } from "../engine/testing/temporary-folder.ts";
import { run } from "../testing/run-words.ts";

const examples = new URL("../../../../examples/classic-repo", import.meta.url).pathname;

afterEach(allowFileCalls);

it("pulls from a folder of layouts, makes the destination, and never writes where a file stands", async () => {
  const layout = join(temporaryFolder(), "layout");
  const file = join(examples, "harbour-web-1.3.0.tgz");
  expect(await run(["push", file, `oci-layout:${layout}`])).toMatchObject({ code: 0 });
  const folder = join(temporaryFolder(), "new", "folder");
  const pulled = join(folder, "harbour-web-1.3.0.tgz");
  for (const words of [[`oci-layout:${layout}/harbour-web:1.3.0`], [`oci-layout:${layout}/harbour-web`, "--version", "1.3.0"]])
    expect(await run(["pull", ...words, "-d", folder])).toMatchObject({ code: 0, out: `${pulled}\n` });
  expect(readFileSync(pulled).equals(readFileSync(file))).toBe(true);
  for (const below of [pulled, join(pulled, "deeper")]) {
    const ran = await run(["pull", `oci-layout:${layout}/harbour-web:1.3.0`, "-d", below]);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.err).toBe(
      `error: cannot write ${below}: ${pulled} is a file, not a folder [file-unwritable]\n  try: choose another folder with --destination DIR\n`,
    );
  }
  const never = join(temporaryFolder(), "never");
  expect(await run(["pull", `oci-layout:${layout}/harbour-web:9.9.9`, "-d", never])).toMatchObject({ code: 1 });
  expect(existsSync(never)).toBe(false);
  expect(await run(["pull", `oci-layout:${layout}/nothing-of-this-name:1.0.0`])).toMatchObject({ code: 1 });
  expect(await run(["pull", `oci-layout:${never}/harbour-web:1.0.0`])).toMatchObject({ code: 2 });
});

it("says of a folder that takes no files that it takes none, not that it is missing", async () => {
  const folder = temporaryFolder();
  refuseFileCall("open", "ENOENT");
  for (const destination of [folder, join(folder, "below")])
    expect(await run(["pull", "oci://127.0.0.1:1/web:1.0.0", "-d", destination])).toMatchObject({
      code: 2,
      err: expect.stringContaining(`error: cannot write ${destination}: no file can be made in ${folder} [file-unwritable]\n`),
    });
});

it.each([
  ["EACCES", "permission denied [file-unwritable]"],
  ["ENOSPC", "the disk is full [disk-full]"],
])("says why a chart cannot be written (%s), before it is asked for where that can be known", async (code, why) => {
  const layout = join(temporaryFolder(), "layout");
  await run(["push", join(examples, "harbour-web-1.3.0.tgz"), `oci-layout:${layout}`]);
  const folder = temporaryFolder();
  const path = join(folder, "harbour-web-1.3.0.tgz");
  refuseFileCall("open", code, ".part");
  refuseFileCall("rm", "EBUSY", ".part");
  const pull = (): ReturnType<typeof run> => run(["pull", `oci-layout:${layout}/harbour-web:1.3.0`, "-d", folder]);
  expect(await pull()).toMatchObject({ code: 2, err: expect.stringContaining(`error: cannot write ${path}: ${why}\n`) });
  refuseFileCall("open", code);
  const early = await run(["pull", "oci://127.0.0.1:1/web:1.0.0", "-d", folder]);
  expect(early).toMatchObject({ code: 2, err: expect.stringContaining(`error: cannot write ${folder}: ${why}\n`) });
  expect(readdirSync(folder)).toEqual([]);
});
