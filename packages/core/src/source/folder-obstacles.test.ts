import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { createClassicSource } from "./classic-source.ts";
import { scanFolder } from "./scan-folder.ts";
import { entryOf, failureOf, indexOf, itemsOf, web } from "./testing/classic-repository.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chartferry-test-"));
  await writeFile(join(folder, "web-1.0.0.tgz"), web);
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Longer than a file name may be: the system refuses to look at it, for root as well. */
const tooLong = "x".repeat(300);

describe("what bears the index's name", () => {
  const obstacles: [string, (path: string) => unknown, readonly [string, string]][] = [
    ["a link that leads nowhere", (path) => symlink(join(folder, "gone"), path), ["file-missing", "is a link that leads nowhere"]],
    ["a link to itself", (path) => symlink(path, path), ["file-missing", "is a link that leads nowhere"]],
    ["a folder", (path) => mkdir(path), ["file-unreadable", "is a folder"]],
    ["a device", (path) => symlink("/dev/null", path), ["file-unreadable", "is a device"]],
    ["a named pipe", (path) => execFileSync("mkfifo", [path]), ["file-unreadable", "is a named pipe"]],
  ];
  it.each(obstacles)("is never taken for no index: %s", async (_what, make, [code, text]) => {
    await make(join(folder, "index.yaml"));
    const error = await failureOf(itemsOf(createClassicSource({ location: folder })));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(text)]);
    expect(error.hint).toContain("without one");
  });

  it("must be one that can be looked at", async () => {
    const location = join(folder, `${tooLong}.yaml`);
    expect(await failureOf(itemsOf(createClassicSource({ location })))).toMatchObject({ code: "file-unreadable" });
  });
});

describe("a folder that cannot be read", () => {
  it("is named", async () => {
    const error = await failureOf(
      (async () => {
        for await (const _ of scanFolder(join(folder, tooLong), { chartLimit: 1000 }));
      })(),
    );
    expect(error).toMatchObject({ code: "file-unreadable", message: expect.stringContaining("ENAMETOOLONG") });
  });
});

describe("what bears a chart's name", () => {
  const obstacles: [string, (path: string) => unknown, string][] = [
    ["a folder", (path) => mkdir(path), "is a folder, not a chart archive"],
    ["a named pipe", (path) => execFileSync("mkfifo", [path]), "is a named pipe, not a chart archive"],
    ["a link to itself", (path) => symlink(path, path), "is a link that leads to itself"],
    ["a link that leads nowhere", (path) => symlink(join(folder, "gone"), path), "is a link that leads nowhere"],
    ["nothing", () => undefined, "no such file"],
  ];
  it.each(obstacles)("is said to be what it is: %s", async (_what, make, text) => {
    await rm(join(folder, "web-1.0.0.tgz"));
    await make(join(folder, "web-1.0.0.tgz"));
    await writeFile(join(folder, "index.yaml"), indexOf(["web-1.0.0.tgz"]));
    const source = createClassicSource({ location: folder });
    const error = await failureOf(source.open(await entryOf(source)));
    expect([error.code, error.message]).toEqual(["source-missing", expect.stringContaining(text)]);
  });
});
