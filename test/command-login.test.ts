import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeChart } from "./charts/make-chart.ts";
import { startDistribution } from "./servers/start-distribution.ts";
import type { StorageServer } from "./servers/start-storage-server.ts";
import { startTokenServer, type TokenServer } from "./servers/start-token-server.ts";
import { startZot } from "./servers/start-zot.ts";
import { runChartferry } from "./support/chartferry.ts";
import { describeWith, type Need, requireTool } from "./support/real-tools.ts";
import { type ProgramResult, runProgram } from "./support/run-program.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";
import { testUser } from "./support/test-user.ts";

const scratch = makeTempDir("login");
const archive = join(scratch, "web-1.0.0.tgz");
beforeAll(() => writeFileSync(archive, makeChart("web", "1.0.0").archive));
afterAll(() => removeTempDir(scratch));

/** A home that chartferry, helm and oras share: Docker's file lies in it, and Helm's own. */
interface Home {
  readonly folder: string;
  readonly dockerFile: string;
  readonly helmFile: string;
  chartferry(words: readonly string[], options?: { readonly stdin?: string; readonly path?: string }): Promise<ProgramResult>;
  tool(name: "helm3" | "helm4" | "oras", args: readonly string[], stdin?: string): Promise<ProgramResult>;
}

let homes = 0;
function freshHome(): Home {
  const folder = join(scratch, `home-${(homes += 1)}`);
  mkdirSync(join(folder, "docker"), { recursive: true });
  const env = { DOCKER_CONFIG: join(folder, "docker"), HELM_REGISTRY_CONFIG: join(folder, "helm.json") };
  return {
    folder,
    dockerFile: join(folder, "docker", "config.json"),
    helmFile: join(folder, "helm.json"),
    chartferry: (words, { stdin, path } = {}) =>
      runChartferry(words, {
        home: folder,
        env: { ...env, ...(path === undefined ? {} : { PATH: path }) },
        ...(stdin === undefined ? {} : { stdin }),
      }),
    tool: (name, args, stdin) =>
      runProgram(requireTool(name), args, {
        env: { PATH: process.env["PATH"], HOME: folder, TZ: "UTC", ...env },
        ...(stdin === undefined ? {} : { stdin }),
      }),
  };
}

const login = (home: Home, host: string, password: string = testUser.password): Promise<ProgramResult> =>
  home.chartferry(["login", host, "-u", testUser.username, "--password-stdin"], { stdin: password });

const authsIn = (file: string): object => JSON.parse(readFileSync(file, "utf8")).auths;
const auth = Buffer.from(`${testUser.username}:${testUser.password}`).toString("base64");

interface Registry {
  readonly server: StorageServer;
  readonly stop: () => Promise<void>;
}

const registries: readonly (readonly [string, Need, () => Promise<Registry>])[] = [
  [
    "zot with a password file",
    "zot",
    async () => {
      const server = await startZot({ htpasswd: true });
      return { server, stop: () => server.stop() };
    },
  ],
  [
    "Distribution with a token service",
    "distribution",
    async () => {
      const tokenServer: TokenServer = await startTokenServer({ toNobody: 401 });
      const server = await startDistribution({ tokenServer });
      return { server, stop: async () => void (await Promise.all([server.stop(), tokenServer.stop()])) };
    },
  ],
];

for (const [title, need, start] of registries) {
  describeWith([need, "helm3", "helm4", "oras"], `login at ${title}`, () => {
    let registry: Registry;
    let host = "";
    beforeAll(async () => {
      registry = await start();
      ({ host } = registry.server);
    });
    afterAll(() => registry.stop());

    it("is kept where helm 3, helm 4 and oras find it, and chartferry itself", async () => {
      const home = freshHome();
      expect(await login(home, host)).toMatchObject({ code: 0, stdout: "", stderr: `Login Succeeded\nkept in ${home.dockerFile}\n` });
      expect(authsIn(home.dockerFile)).toEqual({ [host]: { auth } });
      for (const helm of ["helm3", "helm4"] as const)
        expect(await home.tool(helm, ["push", archive, `oci://${host}/by-${helm}`, "--plain-http"])).toMatchObject({ code: 0 });
      expect(await home.tool("oras", ["repo", "tags", "--plain-http", `${host}/by-helm3/web`])).toMatchObject({
        code: 0,
        stdout: "1.0.0\n",
      });
      expect(await home.chartferry(["push", archive, `oci://${host}/by-chartferry`])).toMatchObject({ code: 0 });
    });

    it("renews what helm has kept, and logout takes it from both", async () => {
      const home = freshHome();
      const helm = ["registry", "login", host, "-u", testUser.username, "--password-stdin", "--plain-http"];
      expect(await home.tool("helm4", helm, testUser.password)).toMatchObject({ code: 0 });
      expect(await home.chartferry(["push", archive, `oci://${host}/helms-login`])).toMatchObject({ code: 0 });
      const stale = {
        auths: { [host]: { auth: Buffer.from("harbourmaster:of-yesterday").toString("base64") }, "other.example": { auth } },
      };
      writeFileSync(home.helmFile, JSON.stringify(stale));
      expect(await login(home, host)).toMatchObject({ code: 0 });
      expect(authsIn(home.helmFile)).toEqual({ "other.example": { auth } });
      expect(await home.tool("helm4", ["push", archive, `oci://${host}/renewed`, "--plain-http"])).toMatchObject({ code: 0 });
      writeFileSync(home.helmFile, JSON.stringify({ auths: { [host]: { auth } } }));
      expect(await home.chartferry(["logout", host])).toMatchObject({
        code: 0,
        stderr: expect.stringContaining(`taken out of ${home.helmFile}`),
      });
      expect([authsIn(home.helmFile), authsIn(home.dockerFile)]).toEqual([{}, {}]);
      expect((await home.tool("helm4", ["push", archive, `oci://${host}/after`, "--plain-http"])).code).not.toBe(0);
      expect(await home.chartferry(["logout", host])).toMatchObject({ code: 0, stderr: `not logged in to ${host}\n` });
    });

    it("keeps nothing of a wrong password, and shows it nowhere", async () => {
      const home = freshHome();
      const run = await login(home, host, "wrong-password");
      expect(run).toMatchObject({ code: 2, stdout: "" });
      expect(run.stderr).toContain("[unauthenticated]");
      expect(run.stderr).not.toContain("wrong-password");
      expect([existsSync(home.dockerFile), existsSync(home.helmFile)]).toEqual([false, false]);
    });

    it("goes to the helper that the file names, which is asked again when the login is needed", async () => {
      const home = freshHome();
      writeFileSync(home.dockerFile, JSON.stringify({ credHelpers: { [host]: "kept" } }));
      const path = `${writeHelper(home.folder)}${delimiter}${process.env["PATH"] ?? ""}`;
      const kept = await home.chartferry(["login", host, "-u", testUser.username, "--password-stdin"], { stdin: testUser.password, path });
      expect(kept).toMatchObject({ code: 0, stderr: expect.stringContaining("docker-credential-kept") });
      expect(readFileSync(home.dockerFile, "utf8")).not.toContain(auth);
      expect(await home.chartferry(["whoami", host], { path })).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(`signed in  with docker-credential-kept (named by ${home.dockerFile})`),
      });
      expect(await home.chartferry(["logout", host], { path })).toMatchObject({ code: 0 });
      expect(await home.chartferry(["whoami", host], { path })).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("[unauthenticated]"),
      });
    });

    it("is said by whoami, with what it may do, and no content is left behind", async () => {
      const home = freshHome();
      await login(home, host);
      const repository = `oci://${host}/never/pushed`;
      const seen = await home.chartferry(["whoami", repository]);
      expect(seen).toMatchObject({ code: 0 });
      expect(seen.stdout).toMatch(
        /^registry {3}\S+ \((generic|distribution)\)\nsigned in {2}with .*config\.json \(\S+\)\nrepository never\/pushed\npull {7}nothing is there yet\npush {7}yes\n$/,
      );
      const json = await home.chartferry(["whoami", repository, "--output", "json"]);
      expect(JSON.parse(json.stdout)).toMatchObject({
        registry: host,
        repository: "never/pushed",
        // zot makes the repository when an upload begins.
        pull: { right: expect.stringMatching(/^(absent|granted)$/) },
        push: { right: "granted" },
      });
      const tags = await home.tool("oras", ["repo", "tags", "--plain-http", `${host}/never/pushed`]);
      expect(tags.stdout).toBe("");
    });
  });
}

/** A helper that keeps one secret in a file, as Docker's protocol has it. */
function writeHelper(home: string): string {
  const folder = join(home, "bin");
  mkdirSync(folder, { recursive: true });
  const script = `#!/bin/sh
case "$1" in
store) cat > '${home}/kept' ;;
erase) rm -f '${home}/kept' ;;
get) [ -f '${home}/kept' ] || { echo "credentials not found in native keychain"; exit 1; }; cat '${home}/kept' ;;
esac
`;
  writeFileSync(join(folder, "docker-credential-kept"), script);
  chmodSync(join(folder, "docker-credential-kept"), 0o755);
  return folder;
}

describeWith(["zot"], "whoami at zot that lets us read alone", () => {
  it("says why pushing is refused, and ends with 1", async () => {
    const zot = await startZot({ access: "read-only" });
    try {
      const home = freshHome();
      await login(home, zot.host);
      const seen = await home.chartferry(["whoami", `oci://${zot.host}/team/web`]);
      expect(seen).toMatchObject({ code: 1, stdout: expect.stringMatching(/push {7}no: .*\[denied\]/) });
    } finally {
      await zot.stop();
    }
  });
});

const terminalProgram = "/usr/bin/script";
const chartferryProgram = fileURLToPath(new URL("../packages/migrate-cli/dist/main.js", import.meta.url));

/** Runs the program on a terminal of its own, types each answer after its question, and gives what the screen has shown. */
async function onTerminal(
  words: readonly string[],
  answers: Readonly<Record<string, string>>,
  { folder }: Home,
): Promise<{ readonly code: number; readonly shown: string }> {
  const command = [process.execPath, chartferryProgram, ...words].map((word) => `'${word}'`).join(" ");
  const env = { PATH: process.env["PATH"], HOME: folder, TERM: "xterm", SHELL: "/bin/sh", DOCKER_CONFIG: join(folder, "docker") };
  const child = spawn(terminalProgram, ["-qefc", command, "/dev/null"], { cwd: folder, env, timeout: 60_000 });
  const open = new Map(Object.entries(answers));
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
    for (const [question, answer] of open) {
      if (!shown.includes(question)) continue;
      open.delete(question);
      child.stdin.write(`${answer}\r`);
    }
  });
  const [code]: unknown[] = await once(child, "close");
  return { code: Number(code), shown };
}

describeWith(
  ["zot"],
  `login on a terminal${existsSync(terminalProgram) ? "" : ` (skipped: ${terminalProgram} of util-linux, which makes one, is not there)`}`,
  () => {
    it.skipIf(!existsSync(terminalProgram))("asks for user and password, and shows what is typed of the one alone", async () => {
      const zot = await startZot({ htpasswd: true });
      try {
        const home = freshHome();
        const answers = { "Username: ": testUser.username, "Password: ": testUser.password };
        const seen = await onTerminal(["login", zot.host], answers, home);
        expect(seen).toMatchObject({ code: 0 });
        expect(seen.shown).toMatch(/Username: .*harbourmaster\s+Password: \s+Login Succeeded/s);
        expect(seen.shown).not.toContain(testUser.password);
        expect(authsIn(home.dockerFile)).toEqual({ [zot.host]: { auth } });
      } finally {
        await zot.stop();
      }
    });
  },
);

describe("login", () => {
  it("needs a terminal to ask on, or the password on stdin", async () => {
    expect(await freshHome().chartferry(["login", "registry.example.com"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("give --username"),
    });
    const run = await freshHome().chartferry(["login", "registry.example.com", "-u", "me"]);
    expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining("give --password-stdin") });
  });

  it.each([
    [["login", "https://registry.example.com/charts"], "names no registry"],
    [["login", "registry.example.com", "-u", "me", "-p", "x", "--password-stdin"], "given twice"],
    [["login", "registry.example.com", "-u", "", "--password-stdin"], "--username is empty"],
    [["logout", "oci://registry.example.com/charts"], "names no registry"],
  ])("refuses %j before anybody is asked", async (words, problem) => {
    expect(await freshHome().chartferry(words, { stdin: "x" })).toMatchObject({ code: 2, stderr: expect.stringContaining(problem) });
  });
});
