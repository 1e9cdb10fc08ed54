import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { expectFailure } from "./runs/expect-failure.ts";
import { makeChart } from "./charts/make-chart.ts";
import { type MigrateRun, runMigrate } from "./runs/run-migrate.ts";
import { writeRepository } from "./charts/write-repository.ts";
import type { ChartferryOptions } from "./support/chartferry.ts";
import { describeWith, requireTool } from "./support/real-tools.ts";
import { runProgram } from "./support/run-program.ts";
import { type RunningDistribution, startDistribution } from "./servers/start-distribution.ts";
import { startTokenServer, type TokenServer } from "./servers/start-token-server.ts";
import { type RunningZot, startZot } from "./servers/start-zot.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";
import { basicAuthorization, testUser } from "./support/test-user.ts";

const scratch = makeTempDir("sign-in");
const repository = join(scratch, "repository");
beforeAll(() => writeRepository(repository, [makeChart("web", "1.0.0"), makeChart("web", "1.1.0"), makeChart("pier", "1.0.0")]));
afterAll(() => removeTempDir(scratch));

let runs = 0;
function freshHome(): string {
  const home = join(scratch, `home-${(runs += 1)}`);
  mkdirSync(home);
  return home;
}

function migrateTo(host: string, options: readonly string[], { home, ...more }: ChartferryOptions): Promise<MigrateRun> {
  return runMigrate([repository, `oci://${host}/signed-${runs}`, ...options], { home, ...more });
}

function expectAllPushed({ code, stdout, stderr, report }: MigrateRun): void {
  expect({ code, stdout, stderr, statuses: report?.versions.map(({ status }) => status) }).toMatchObject({
    code: 0,
    statuses: ["pushed", "pushed", "pushed"],
  });
}

/** Docker's form of a login, with another password when one is given. */
function loginFile(path: string, host: string, password: string = testUser.password): void {
  mkdirSync(join(path, ".."), { recursive: true });
  const auth = Buffer.from(`${testUser.username}:${password}`).toString("base64");
  writeFileSync(path, JSON.stringify({ auths: { [host]: { auth } } }));
}

/** A credential helper as Docker calls it: the host on stdin, JSON on stdout. */
function writeHelper(home: string, name: string, host: string): string {
  const folder = join(home, "bin");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `docker-credential-${name}`);
  const answer = JSON.stringify({ ServerURL: host, Username: testUser.username, Secret: testUser.password });
  const script = `#!/bin/sh\nread asked\necho "$1 $asked" >> "${home}/asked"\n[ "$asked" = "${host}" ] || { echo "credentials not found in native keychain"; exit 1; }\necho '${answer}'\n`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return folder;
}

describeWith(["zot"], "sign-in at zot with a password file", () => {
  let zot: RunningZot;
  beforeAll(async () => (zot = await startZot({ htpasswd: true })));
  afterAll(() => zot.stop());

  it("by --username and --password-stdin", async () => {
    const options = ["--username", testUser.username, "--password-stdin"];
    expectAllPushed(await migrateTo(zot.host, options, { home: freshHome(), stdin: `${testUser.password}\n` }));
  });

  it("by Docker's config.json", async () => {
    const home = freshHome();
    loginFile(join(home, ".docker", "config.json"), zot.host);
    expectAllPushed(await migrateTo(zot.host, [], { home }));
  });

  it("by DOCKER_CONFIG", async () => {
    const home = freshHome();
    loginFile(join(home, "elsewhere", "config.json"), zot.host);
    expectAllPushed(await migrateTo(zot.host, [], { home, env: { DOCKER_CONFIG: join(home, "elsewhere") } }));
  });

  it("by --registry-config, whatever else there is", async () => {
    const home = freshHome();
    loginFile(join(home, ".docker", "config.json"), zot.host, "stale");
    loginFile(join(home, "mine.json"), zot.host);
    expectAllPushed(await migrateTo(zot.host, ["--registry-config", join(home, "mine.json")], { home }));
  });

  it("by Docker's file when the password in Helm's is refused", async () => {
    const home = freshHome();
    loginFile(join(home, "config", "helm", "registry", "config.json"), zot.host, "stale");
    loginFile(join(home, ".docker", "config.json"), zot.host);
    expectAllPushed(await migrateTo(zot.host, [], { home }));
  });

  it.each([
    ["credHelpers", (host: string) => ({ credHelpers: { [host]: "harbour" } })],
    ["credsStore", () => ({ credsStore: "harbour" })],
  ])("by a credential helper on PATH, named in %s, asked once", async (_what, config) => {
    const home = freshHome();
    const folder = writeHelper(home, "harbour", zot.host);
    mkdirSync(join(home, ".docker"));
    writeFileSync(join(home, ".docker", "config.json"), JSON.stringify(config(zot.host)));
    const run = await migrateTo(zot.host, [], { home, env: { PATH: `${folder}:${process.env["PATH"]}` } });
    expectAllPushed(run);
    const { stdout } = await runProgram("/bin/cat", [join(home, "asked")], { env: {} });
    expect(stdout).toBe(`get ${zot.host}\n`);
  });

  it("is never replaced by silence: a helper that is named and missing is an error that says so", async () => {
    const home = freshHome();
    mkdirSync(join(home, ".docker"));
    writeFileSync(join(home, ".docker", "config.json"), JSON.stringify({ credHelpers: { [zot.host]: "nowhere" } }));
    const run = await migrateTo(zot.host, [], { home });
    expect(run.code).not.toBe(0);
    expectFailure(run, { code: run.code, reason: "credentials-unavailable", says: ["docker-credential-nowhere"] });
  });
});

describeWith(["zot", "helm3", "helm4", "oras"], "sign-in at zot by what other tools wrote", () => {
  let zot: RunningZot;
  beforeAll(async () => (zot = await startZot({ htpasswd: true })));
  afterAll(() => zot.stop());

  it.each(["helm3", "helm4"] as const)("(%s registry login)", async (name) => {
    const home = freshHome();
    const folders = { HELM_CONFIG_HOME: join(home, "config", "helm"), HELM_CACHE_HOME: join(home, "cache") };
    await login(requireTool(name), ["registry", "login", zot.host], { HOME: home, ...folders });
    expectAllPushed(await migrateTo(zot.host, [], { home }));
  });

  it("(oras login)", async () => {
    const home = freshHome();
    await login(requireTool("oras"), ["login", zot.host], { HOME: home });
    expectAllPushed(await migrateTo(zot.host, [], { home }));
  });
});

async function login(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  const whole = [...args, "--plain-http", "-u", testUser.username, "--password-stdin"];
  const result = await runProgram(program, whole, { env: { PATH: process.env["PATH"], ...env }, stdin: testUser.password });
  expect({ code: result.code, stderr: result.stderr }).toMatchObject({ code: 0 });
}

describeWith(["distribution"], "sign-in at Distribution with tokens", () => {
  let tokenServer: TokenServer;
  let distribution: RunningDistribution;
  beforeAll(async () => {
    tokenServer = await startTokenServer();
    distribution = await startDistribution({ tokenServer });
  });
  afterAll(async () => {
    await distribution.stop();
    await tokenServer.stop();
  });

  it("asks for a token to list and one to push for each repository, with the password, and for none twice", async () => {
    const before = tokenServer.requests.length;
    const options = ["--username", testUser.username, "--password-stdin"];
    expectAllPushed(await migrateTo(distribution.host, options, { home: freshHome(), stdin: testUser.password }));
    const asked = tokenServer.requests.slice(before).filter(({ scopes }) => scopes.length > 0);
    const scopes = asked.map((request) => request.scopes.join(" "));
    expect(scopes).toEqual(expect.arrayContaining(["pier", "web"].map((name) => `repository:signed-${runs}/${name}:pull,push`)));
    expect(new Set(scopes).size).toBe(scopes.length);
    expect(scopes.length).toBeLessThanOrEqual(4);
    expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set([basicAuthorization()]));
  });

  it("says that nobody is signed in when there is no password", async () => {
    const run = await migrateTo(distribution.host, [], { home: freshHome() });
    expectFailure(run, { code: 2, reason: ["unauthenticated", "denied"], says: [distribution.host, "pier"] });
  });

  it("says that the password is wrong, and not only that something is denied", async () => {
    const options = ["--username", testUser.username, "--password-stdin"];
    const run = await migrateTo(distribution.host, options, { home: freshHome(), stdin: "wrong" });
    expectFailure(run, { code: 2, reason: "unauthenticated", says: ["--password-stdin"] });
  });
});

describe("a password", () => {
  it("is never taken from the command line, where every process could read it", async () => {
    const run = await runMigrate([repository, "oci://127.0.0.1:1/x", "--username", "me", "--password", "x"], { home: freshHome() });
    expectFailure(run, { code: 2, says: ["unknown option '--password'"] });
  });
});
