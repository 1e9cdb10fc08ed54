import { execFileSync, spawn } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { openLayoutStore } from "./layout-store.ts";
import { openLayoutTree } from "./layout-tree.ts";
import { scrubLayout } from "./scrub-layout.ts";
import { listed, makeFolder } from "./testing/layout-fixture.ts";

const here = dirname(fileURLToPath(import.meta.url));
const rounds = 6;

let folder: Awaited<ReturnType<typeof makeFolder>>;
let program: string;
let pushLarge: string;

/** Node before 22.18 does not run TypeScript, so the program that is to be killed is compiled first. */
beforeAll(async () => {
  folder = await makeFolder();
  const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  const out = join(folder.path, "out");
  const options = ["--ignoreConfig", "--outDir", out, "--rootDir", join(here, ".."), "--target", "es2023", "--module", "nodenext"];
  const flags = ["--skipLibCheck", "--rewriteRelativeImportExtensions", "--types", "node"];
  execFileSync(
    process.execPath,
    [compiler, ...options, ...flags, ...["push-until-killed.ts", "push-large.ts"].map((name) => join(here, "testing", name))],
    {
      cwd: here,
      stdio: "pipe",
    },
  );
  await writeFile(join(out, "package.json"), '{"type":"module"}');
  program = join(out, "layout/testing/push-until-killed.js");
  pushLarge = join(out, "layout/testing/push-large.js");
}, 60_000);
afterAll(() => folder.remove());

/** Kills the program once it has acknowledged more and more tags from round to round, at whatever it does then; answers what it acknowledged. */
async function runAndKill(directory: string, round: number): Promise<string[]> {
  const child = spawn(process.execPath, [program, directory, String(round)], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let complaint = "";
  child.stderr.on("data", (text: Buffer) => (complaint += text.toString()));
  child.stdout.on("data", (text: Buffer) => {
    output += text.toString();
    if (output.split("\n").length > 1 + round * 17) child.kill("SIGKILL");
  });
  const signal = await new Promise<string | null>((done) => child.once("close", (_code, by) => done(by)));
  expect(complaint).toBe("");
  expect(signal).toBe("SIGKILL");
  return output.split("\n").slice(0, -1);
}

describe("a process that is killed while it pushes", () => {
  it("loses nothing that it acknowledged, damages nothing, and its lock is taken over at once", async () => {
    const directory = join(folder.path, "layouts");
    const acknowledged: string[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      acknowledged.push(...(await runAndKill(directory, round)));
      const tree = await openLayoutTree(directory);
      const tags = new Set(await listed((await openLayoutStore(tree, "web")).tags()));
      expect(acknowledged.filter((tag) => !tags.has(tag))).toEqual([]);
      await tree.close();
      expect((await scrubLayout(directory)).damage).toEqual([]);
    }
    expect(acknowledged.length).toBeGreaterThan(rounds);
  }, 120_000);
});

describe("a process that may not write more", () => {
  it("says so, and leaves no part of the blob", async () => {
    const directory = join(folder.path, "limited");
    // A limit on file sizes (512-byte blocks in POSIX shells, so at most 64 KiB) fails a write in its middle, as a full disk does.
    const limited = `ulimit -f 64; exec "${process.execPath}" "${pushLarge}" "${directory}"`;
    expect(execFileSync("/bin/sh", ["-c", `${limited} 10`], { encoding: "utf8" })).toBe("stored");
    expect(execFileSync("/bin/sh", ["-c", `${limited} 3000000`], { encoding: "utf8" })).toBe("file-unwritable");
    expect(await scrubLayout(directory)).toMatchObject({ blobs: 1, damage: [] });
    expect(await readdir(join(directory, ".chartferry/uploads"))).toEqual([]);
  });
});
