import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { fileBlocks, followPage } from "./docs/follow-page.ts";
import { type ProgramResult, runProgram } from "./support/run-program.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const page = readFileSync(join(ROOT, "docs", "adding-an-adapter.md"), "utf8");
const leftOut = new Set(["node_modules", ".git", ".cache", ".turbo", "coverage"]);

/** The repository without its history; its packages find one another in the copy, and all others where they are. */
function copyRepository(): string {
  const copy = makeTempDir("adapter");
  cpSync(ROOT, copy, { recursive: true, filter: (path) => !leftOut.has(basename(path)) });
  const modules = join(copy, "node_modules");
  mkdirSync(join(modules, "@chartferry"), { recursive: true });
  for (const name of readdirSync(join(ROOT, "node_modules"))) {
    if (name !== "@chartferry" && name !== "chartferry") symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  }
  for (const name of ["core", "adapters", "registry", "conformance"])
    symlinkSync(join(copy, "packages", name), join(modules, "@chartferry", name));
  symlinkSync(join(copy, "packages", "migrate-cli"), join(modules, "chartferry"));
  symlinkSync(join(ROOT, ".cache"), join(copy, ".cache"));
  return copy;
}

describe("docs/adding-an-adapter.md", () => {
  let copy = "";
  beforeAll(() => {
    copy = copyRepository();
    followPage(page, copy);
  });
  afterAll(() => removeTempDir(copy));

  const node = (...words: string[]): Promise<ProgramResult> =>
    runProgram(process.execPath, words, { cwd: copy, env: { PATH: process.env["PATH"], HOME: copy, NO_COLOR: "1" }, limitMs: 300_000 });

  it("names files that are all there is to it", () => {
    expect(fileBlocks(page).map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      "file packages/adapters/src/lighthouse.ts",
      "edit packages/adapters/src/index.ts",
      "file packages/conformance/src/emulators/lighthouse/lighthouse-emulator.ts",
      "file packages/conformance/src/emulators/lighthouse/lighthouse-setup.ts",
      "edit packages/conformance/src/emulators/setups.ts",
      "file docs/registries/lighthouse.md",
    ]);
  });

  it("leads to a repository whose types agree, and whose scenarios pass for the new registry", async () => {
    expect(await node("node_modules/typescript/bin/tsc", "--noEmit")).toMatchObject({ code: 0, stdout: "" });
    expect(await node("node_modules/typescript/bin/tsc", "-p", "packages/adapters/tsconfig.build.json")).toMatchObject({ code: 0 });
    const tests = ["test/hosted-migrate", "test/docs-registries"];
    const run = await node("node_modules/vitest/vitest.mjs", "run", "--config", "test/vitest.config.ts", ...tests, "-t", "lighthouse");
    expect({ code: run.code, output: run.stdout }).toMatchObject({ code: 0 });
    const [, passed] = /^tests: (\d+) passed, 0 failed/mu.exec(run.stdout) ?? [];
    expect(Number(passed)).toBeGreaterThanOrEqual(4);
  }, 400_000);
});
