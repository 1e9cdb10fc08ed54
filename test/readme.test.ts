import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

import { runChartferry, startChartferry } from "./support/chartferry.ts";
import { makeHelm } from "./support/helm.ts";
import { describeWith } from "./support/real-tools.ts";
import { type ProgramResult, runProgram } from "./support/run-program.ts";
import { findFreePort } from "./servers/start-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PAGES = ["README.md", "CONTRIBUTING.md", "examples/README.md"];

describe.each(PAGES)("%s", (page) => {
  const text = readFileSync(join(ROOT, page), "utf8");

  it("links to files that exist", () => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/gu)].map((match) => match[1] ?? "");
    expect(links.filter((link) => !existsSync(join(ROOT, dirname(page), link)))).toEqual([]);
  });

  it("names npm scripts and files that exist", () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const named = [...text.matchAll(/npm run ([\w:]+)/gu)].map((match) => match[1] ?? "");
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
    const files = [...text.matchAll(/node ((?:tools|packages)\/\S+\.m?js)/gu)].map((match) => match[1] ?? "");
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });
});

describe("the README's tour", () => {
  const folder = makeTempDir("quickstart");
  afterAll(() => removeTempDir(folder));
  const tour = (): Promise<ProgramResult> => {
    const env = { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1" };
    return runProgram(process.execPath, [join(ROOT, "tools", "quickstart.mjs"), folder], { cwd: ROOT, env });
  };

  it("migrates the examples and prints what the README promises", async () => {
    const first = await tour();
    expect(first, first.stderr).toMatchObject({ code: 0 });
    expect(promisedLines().filter((line) => !first.stdout.includes(line))).toEqual([]);
    expect(countsIn(folder)).toMatchObject({ pushed: 8, skipped: 0, failed: 0 });
  });

  it("finds nothing to push the second time", async () => {
    const second = await tour();
    expect(second, second.stderr).toMatchObject({ code: 0 });
    expect(countsIn(folder)).toMatchObject({ pushed: 0, skipped: 8, failed: 0 });
  });

  it("leaves a registry on disk from which a chart is pulled", async () => {
    const server = await serveAgain(folder);
    expect(await runChartferry(["pull", ...server.chart], { home: folder })).toMatchObject({ code: 0 });
    await server.stop();
    expect(readFileSync(join(folder, PULLED)).equals(original())).toBe(true);
  });

  for (const name of ["helm3", "helm4"] as const) {
    describeWith([name], `with ${name}`, () => {
      it("pulls and verifies a chart from it as the README says", async () => {
        const server = await serveAgain(folder);
        const helm = makeHelm(name);
        await helm.output(["pull", ...server.chart, "--plain-http", "--verify", "--keyring", join(ROOT, "examples/keyring.gpg")], {
          cwd: helm.home,
        });
        await server.stop();
        expect(readFileSync(join(helm.home, PULLED)).equals(original())).toBe(true);
        helm.remove();
      });
    });
  }
});

describe("the commands of the README", () => {
  it("use options that the program has", async () => {
    const home = makeTempDir("readme");
    const commands = [...readme().matchAll(/```sh\n([^`]*)```/gu)].map((block) => block[1]).join("\n");
    for (const [, command = "", rest = ""] of commands.matchAll(/chartferry(?:\/dist\/main\.js)? (\w+) (.*)/gu)) {
      const help = await runChartferry([command, "--help"], { home });
      const options = rest.split(" ").filter((word) => word.startsWith("--"));
      const missing = options.filter((option) => !help.stdout.includes(option));
      expect({ command, code: help.code, missing }).toEqual({ command, code: 0, missing: [] });
    }
    removeTempDir(home);
  });
});

const PULLED = "harbour-web-1.3.0.tgz";

function original(): Buffer {
  return readFileSync(join(ROOT, "examples/classic-repo", PULLED));
}

/** The README's command, on a port that is free here. */
async function serveAgain(folder: string): Promise<{ readonly chart: readonly string[]; readonly stop: () => Promise<number> }> {
  const port = await findFreePort();
  const command = ["serve", join(folder, "registry"), "--port", String(port)];
  const server = await startChartferry(command, { home: folder, readyPattern: new RegExp(`127\\.0\\.0\\.1:${port}`, "u") });
  return { chart: [`oci://127.0.0.1:${port}/charts/harbour-web`, "--version", "1.3.0"], stop: server.stop };
}

function readme(): string {
  return readFileSync(join(ROOT, "README.md"), "utf8");
}

/** What the README says the tour prints, apart from the port and the folders. */
function promisedLines(): string[] {
  const block = /```text\n([^`]*)```/u.exec(readme())?.[1] ?? "";
  const fixed = ["The embedded registry listens on", "Every version of", "came back from the registry, byte for byte", "What to try next"];
  expect(fixed.filter((words) => !block.includes(words))).toEqual([]);
  return fixed;
}

/** Versions by their outcome in the report of the last tour. */
function countsIn(folder: string): { pushed: number; skipped: number; failed: number } | undefined {
  const report: { totals: { targets: Record<string, { pushed: number; skipped: number; failed: number }> } } = JSON.parse(
    readFileSync(join(folder, "report.json"), "utf8"),
  );
  return Object.values(report.totals.targets)[0];
}
