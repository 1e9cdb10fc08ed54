import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, it, onTestFinished } from "vitest";

import { createClassicSource } from "./classic-source.ts";
import { createFolderNames } from "./folder-names.ts";
import { entryOf, indexOf } from "./testing/classic-repository.ts";

function folderOf(...files: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "names-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const file of files) writeFileSync(join(folder, file), "");
  return folder;
}

it("tells what is not there, from one look into each folder", async () => {
  const folder = folderOf("a.tgz");
  const names = createFolderNames();
  const ask = (...files: string[]): Promise<boolean[]> => Promise.all(files.map((file) => names.mayHold(join(folder, file))));
  expect(await ask("a.tgz", "b.tgz", "none/c.tgz", "a.tgz/d.tgz")).toEqual([true, false, false, true]);
  writeFileSync(join(folder, "b.tgz"), "");
  mkdirSync(join(folder, "none"));
  writeFileSync(join(folder, "none", "c.tgz"), "");
  expect(await ask("b.tgz", "none/c.tgz")).toEqual([false, false]);
  names.forget();
  expect(await ask("b.tgz", "none/c.tgz", "none/d.tgz")).toEqual([true, true, false]);
});

it("leaves it to the file system where a name may stand for another, and where there are too many", async () => {
  const folder = folderOf("A\u0308.tgz", "b.tgz");
  expect(await createFolderNames().mayHold(join(folder, "\u00e4.TGZ"))).toBe(true);
  expect(await createFolderNames(1).mayHold(join(folder, "c.tgz"))).toBe(true);
  expect(await createFolderNames(2).mayHold(join(folder, "c.tgz"))).toBe(false);
});

it("spares who looks ahead the search for each chart that its folder has not; it is opened as it is by then", async () => {
  const folder = folderOf();
  writeFileSync(join(folder, "index.yaml"), indexOf(["web-1.0.0.tgz"]));
  const source = createClassicSource({ location: folder });
  onTestFinished(() => source.close());
  const entry = await entryOf(source);
  const faultOf = async (): Promise<string | undefined> => (await source.foresee?.(entry))?.fault?.code;
  expect(await faultOf()).toBe("source-missing");
  writeFileSync(join(folder, "web-1.0.0.tgz"), "");
  expect(await faultOf()).toBe("source-missing");
  await expect(source.open(entry)).rejects.toMatchObject({ code: "digest-mismatch" });
  expect(await entryOf(source)).toEqual(entry);
  expect(await faultOf()).toBeUndefined();
});
