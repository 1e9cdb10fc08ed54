import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

import { expectFailure } from "./runs/expect-failure.ts";
import { makeChart } from "./charts/make-chart.ts";
import { indexText, writeRepository } from "./charts/write-repository.ts";
import { runChartferry } from "./support/chartferry.ts";
import { describeWith } from "./support/real-tools.ts";
import type { ProgramResult } from "./support/run-program.ts";
import { type RunningDistribution, startDistribution } from "./servers/start-distribution.ts";
import { startStaticServer } from "./servers/start-static-server.ts";
import { startTokenServer, type TokenServer, type TokenServerOptions } from "./servers/start-token-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";
import { basicAuthorization, testUser } from "./support/test-user.ts";

const scratch = makeTempDir("closed");
const repository = join(scratch, "repository");
const web = makeChart("web", "1.0.0");
const file = join(repository, web.file);
beforeAll(() => writeRepository(repository, [web, makeChart("pier", "1.0.0")]));
afterAll(() => removeTempDir(scratch));

let homes = 0;
function freshHome(): string {
  const home = join(scratch, `home-${(homes += 1)}`);
  mkdirSync(home);
  return home;
}

const byOption = ["--username", testUser.username, "--password-stdin"];

function writeLogin(path: string, host: string): void {
  mkdirSync(join(path, ".."), { recursive: true });
  const auth = Buffer.from(`${testUser.username}:${testUser.password}`).toString("base64");
  writeFileSync(path, JSON.stringify({ auths: { [host]: { auth } } }));
}

function expectDone({ code, stderr }: ProgramResult, command?: string): void {
  expect({ command, code, stderr }).toMatchObject({ code: 0 });
}

interface ClosedRegistry {
  readonly tokenServer: TokenServer;
  readonly distribution: RunningDistribution;
  readonly stop: () => Promise<void>;
}

async function startClosedRegistry(toNobody: NonNullable<TokenServerOptions["toNobody"]>): Promise<ClosedRegistry> {
  const tokenServer = await startTokenServer({ toNobody });
  const distribution = await startDistribution({ tokenServer });
  const stop = async (): Promise<void> => {
    await distribution.stop();
    await tokenServer.stop();
  };
  return { tokenServer, distribution, stop };
}

describeWith(["distribution"], "a registry whose token service gives strangers nothing", () => {
  let closed: ClosedRegistry;
  beforeAll(async () => (closed = await startClosedRegistry(401)));
  afterAll(() => closed.stop());

  it.each([
    ["--username and --password-stdin", byOption],
    ["a stored login", []],
  ])("is pushed to, pulled from, migrated to, planned for and verified with %s, and never asked without it", async (_how, options) => {
    const { distribution, tokenServer } = closed;
    const home = freshHome();
    if (options.length === 0) writeLogin(join(home, ".docker", "config.json"), distribution.host);
    const before = tokenServer.requests.length;
    const target = `oci://${distribution.host}/closed-${homes}`;
    const commands: readonly (readonly [string, ...string[]])[] = [
      ["push", file, target],
      ["pull", `${target}/web:1.0.0`, "--destination", home],
      ["plan", repository, target],
      ["migrate", repository, target],
      ["verify", repository, target],
    ];
    for (const command of commands)
      expectDone(await runChartferry([...command, ...options], { home, stdin: options.length === 0 ? "" : testUser.password }), command[0]);
    expect(existsSync(join(home, web.file))).toBe(true);
    const asked = tokenServer.requests.slice(before);
    expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set([basicAuthorization()]));
  });

  it("says whether the password is wrong or there is none", async () => {
    const push = ["push", file, `oci://${closed.distribution.host}/refused`];
    const wrong = await runChartferry([...push, ...byOption], { home: freshHome(), stdin: "wrong" });
    expectFailure(wrong, { code: 2, reason: "unauthenticated", says: ["the credential from --password-stdin"] });
    const none = await runChartferry(push, { home: freshHome() });
    expectFailure(none, { code: 2, reason: "unauthenticated", says: [closed.distribution.host] });
    expect(none.stderr).not.toContain("the credential from");
  });

  it("is signed in to with --source-registry-config where a source's index names it, and the hint says so", async () => {
    const { host } = closed.distribution;
    const home = freshHome();
    const login = join(home, "login.json");
    writeLogin(login, host);
    expectDone(await runChartferry(["push", file, `oci://${host}/kept`, "--registry-config", login], { home }));
    const index = join(home, "index");
    mkdirSync(index);
    writeFileSync(join(index, "index.yaml"), indexText([{ chart: web, urls: [`oci://${host}/kept/web:1.0.0`] }]));
    const source = await startStaticServer(index);
    const migrate = ["migrate", source.url, `oci-layout:${home}/layout`];
    const refused = await runChartferry(migrate, { home });
    const signedIn = await runChartferry([...migrate, "--source-registry-config", login], { home });
    await source.stop();
    expectFailure(refused, { code: 2, reason: "unauthenticated", says: ["give --source-registry-config"] });
    expect(refused.stdout + refused.stderr).not.toContain("--password-stdin");
    expectDone(signedIn);
  });

  it.each([400, 403, 404, "page", "redirect"] as const)("(but %s) takes a password all the same", async (toNobody) => {
    const { distribution, stop } = await startClosedRegistry(toNobody);
    const target = `oci://${distribution.host}/closed`;
    const run = await runChartferry(["push", file, target, ...byOption], { home: freshHome(), stdin: testUser.password });
    await stop();
    expectDone(run);
  });
});
