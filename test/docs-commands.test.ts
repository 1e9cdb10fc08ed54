import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type CodeBlock, readBlocks } from "./docs/read-blocks.ts";
import { type RunningEmbedded, startEmbedded } from "./servers/start-embedded.ts";
import { runChartferry, startChartferry } from "./support/chartferry.ts";
import { makeCertificates } from "./servers/make-certificates.ts";
import { describeWith, requireTool } from "./support/real-tools.ts";
import { runProgram } from "./support/run-program.ts";
import { findFreePort } from "./servers/start-server.ts";
import { startStaticServer, type StaticServer } from "./servers/start-static-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

/**
 * Every `sh` block of docs/ is run, with servers of this machine in the place of the hosts that end in example.com and free ports in
 * the place of 5780. `sh background` stays until the page is done; `sh not-run=REASON` is only checked against the help.
 */
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PROGRAM = join(ROOT, "packages", "migrate-cli", "dist", "main.js");
const EXAMPLES = join(ROOT, "examples", "classic-repo");
const reader = { username: "reader", password: "page-password" };
const pages = readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"));
const pagesWithCommands = pages.filter((name) => blocksOf(name, "sh").length > 0);

let open: StaticServer;
let closed: StaticServer;
let registries: RunningEmbedded[];
beforeAll(async () => {
  [open, closed] = await Promise.all([startStaticServer(EXAMPLES), startStaticServer(EXAMPLES, { auth: reader })]);
  registries = await Promise.all([startEmbedded(), startEmbedded()]);
});
afterAll(async () => {
  await Promise.all([open, closed, ...registries].map((server) => server.stop()));
});

function blocksOf(page: string, language: string): CodeBlock[] {
  return readBlocks(join(ROOT, "docs", page)).filter((block) => block.language === language);
}

/** What a block is run with instead of the hosts of the page. */
function substitute(text: string, port: number): string {
  const [registry, mirror] = registries;
  return text
    .replaceAll("https://charts.example.com", open.url)
    .replaceAll("https://private.example.com", closed.url)
    .replaceAll("registry.example.com", registry?.host ?? "")
    .replaceAll("mirror.example.com", mirror?.host ?? "")
    .replaceAll("5780", String(port));
}

/** A folder in which the commands of a page find what they name. */
function prepareFolder(folder: string): void {
  for (const file of ["harbour-web-1.3.0.tgz", "harbour-web-1.3.0.tgz.prov", "tide-tables-2.0.0+spring.1.tgz"])
    cpSync(join(EXAMPLES, file), join(folder, file));
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "password"), reader.password);
  // ca.pem, server.pem, server-key.pem
  makeCertificates(folder);
  writeFileSync(join(folder, "bin", "chartferry"), `#!/bin/sh\nexec "${process.execPath}" "${PROGRAM}" "$@"\n`);
  chmodSync(join(folder, "bin", "chartferry"), 0o755);
}

function environmentOf(folder: string): Record<string, string> {
  const xdg = {
    XDG_CONFIG_HOME: `${folder}/config`,
    XDG_STATE_HOME: `${folder}/state`,
    XDG_CACHE_HOME: `${folder}/cache`,
    XDG_DATA_HOME: `${folder}/data`,
  };
  return { PATH: `${folder}/bin:${process.env["PATH"] ?? ""}`, HOME: folder, NO_COLOR: "1", ...xdg };
}

function needsHelm({ text }: CodeBlock): boolean {
  return /^helm /mu.test(text);
}

describe.each(pagesWithCommands)("docs/%s", (name) => {
  const blocks = blocksOf(name, "sh");
  const running: { stop: () => Promise<unknown> }[] = [];
  let folder = "";
  let port = 0;
  beforeAll(async () => {
    folder = makeTempDir("docs");
    prepareFolder(folder);
    port = await findFreePort();
  });
  afterAll(async () => {
    await Promise.all(running.map(({ stop }) => stop()));
    removeTempDir(folder);
  });

  for (const block of blocks) {
    const title = `line ${block.line}: ${block.text.trim().split("\n")[0]}`;
    const [mark = ""] = block.marks;
    if (mark.startsWith("not-run="))
      it(`${title} (not run: ${mark.slice("not-run=".length)}) uses options that exist`, () => expectOptions(block));
    else if (needsHelm(block)) describeWith(["helm4"], "with helm", () => it(title, () => expectSuccess(block, { folder, port })));
    else if (mark === "background")
      it(`${title} starts`, async () => void running.splice(0, 1, await startInBackground(block, { folder, port }, running)));
    else it(title, () => expectSuccess(block, { folder, port }));
  }
});

interface Place {
  readonly folder: string;
  readonly port: number;
}

async function expectSuccess(block: CodeBlock, { folder, port }: Place): Promise<void> {
  expect(block.marks).toEqual([]);
  const script = substitute(block.text, port).replaceAll(/^helm registry login (.*)$/gmu, "helm registry login --plain-http $1");
  if (needsHelm(block)) linkHelm(folder);
  const result = await runProgram("/bin/sh", ["-e", "-c", script], { cwd: folder, env: environmentOf(folder) });
  expect({ code: result.code, stderr: result.stderr, stdout: result.stdout }).toMatchObject({ code: 0 });
}

function linkHelm(folder: string): void {
  const link = join(folder, "bin", "helm");
  if (!existsSync(link)) symlinkSync(requireTool("helm4"), link);
}

/** A server of the page takes the place of the one before it: both use the same port. */
async function startInBackground(
  block: CodeBlock,
  { folder, port }: Place,
  before: readonly { stop: () => Promise<unknown> }[],
): Promise<{ stop: () => Promise<unknown> }> {
  await before[0]?.stop();
  const [program, ...words] = substitute(block.text, port).trim().split(/\s+/u);
  expect(program).toBe("chartferry");
  return startChartferry(words, { home: folder, readyPattern: new RegExp(`^https?://127\\.0\\.0\\.1:${port}$`, "mu") });
}

async function expectOptions({ text }: CodeBlock): Promise<void> {
  const home = makeTempDir("docs-options");
  const commands = [...text.matchAll(/chartferry (\w+)(.*)$/gmu)];
  expect(commands.length).toBeGreaterThan(0);
  for (const [, command = "", rest = ""] of commands) {
    const help = await runChartferry([command, "--help"], { home });
    const options = rest.match(/(?<=\s)--?[a-z][a-z-]*/gu) ?? [];
    expect({ command, code: help.code, missing: options.filter((option) => !help.stdout.includes(option)) }).toEqual({
      command,
      code: 0,
      missing: [],
    });
  }
  removeTempDir(home);
}

it("finds the pages that show commands", () => {
  expect(pagesWithCommands).toEqual(expect.arrayContaining(["commands.md", "embedded-registry.md", "migrate.md"]));
});

describe("the examples for programs", () => {
  const examples = pages.flatMap((name) => blocksOf(name, "js").map((block) => ({ name, ...block })));

  it.each(examples)("docs/$name line $line runs", async ({ text }) => {
    const folder = makeTempDir("docs-js");
    const code = text.replaceAll('"./', `"${folder}/`);
    // The packages resolve from this folder, as they would where they are installed.
    const result = await runProgram(process.execPath, ["--input-type=module", "-e", code], {
      cwd: join(ROOT, "test"),
      env: { PATH: process.env["PATH"], HOME: folder },
    });
    removeTempDir(folder);
    expect(result).toMatchObject({ code: 0, stderr: "" });
  });
});
