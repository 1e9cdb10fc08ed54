import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { reportOf, runMigrate } from "./runs/run-migrate.ts";
import { type RunningZot, startZot } from "./servers/start-zot.ts";
import { runChartferry } from "./support/chartferry.ts";
import { describeWith } from "./support/real-tools.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";
import { testUser } from "./support/test-user.ts";

const examples = fileURLToPath(new URL("../examples/classic-repo", import.meta.url));
const scratch = makeTempDir("config");
afterAll(() => removeTempDir(scratch));

let homes = 0;
/** A home and working directory with this chartferry.yaml in it. */
function homeWith(settings: string): string {
  const home = join(scratch, `home-${(homes += 1)}`);
  mkdirSync(home);
  writeFileSync(join(home, "chartferry.yaml"), settings);
  writeFileSync(join(home, "password"), `${testUser.password}\n`);
  return home;
}

describeWith(["zot"], "chartferry.yaml", () => {
  let first: RunningZot;
  let second: RunningZot;
  beforeAll(async () => {
    [first, second] = await Promise.all([startZot({ htpasswd: true }), startZot({ htpasswd: true })]);
  });
  afterAll(() => Promise.all([first.stop(), second.stop()]));

  const settings = (): string => `
registries:
  ${second.host}: { username: ${testUser.username}, password: { environment: SECOND_PASSWORD } }
targets:
  one: { to: "oci://${first.host}/charts", username: ${testUser.username}, password: { file: password }, adapter: distribution }
`;

  it("gives each of several targets its own user, by name and by host, and none of it to the other", async () => {
    const home = homeWith(settings());
    const run = await runMigrate([examples, "one", `oci://${second.host}/charts`], { home, env: { SECOND_PASSWORD: testUser.password } });
    expect(run).toMatchObject({ code: 0 });
    const { targets } = reportOf(run).run;
    expect(targets).toEqual([
      { id: `oci://${first.host}/charts`, adapter: "distribution" },
      { id: `oci://${second.host}/charts`, adapter: expect.stringMatching(/^(zot|generic)$/) },
    ]);
    const wrong = await runMigrate([examples, "one", `oci://${second.host}/other`], { home, env: { SECOND_PASSWORD: "of the other" } });
    expect(wrong.code).toBe(1);
    expect(`${wrong.stderr}${JSON.stringify(wrong.report)}`).not.toContain("of the other");
    expect(wrong.stderr).toContain("the variable SECOND_PASSWORD");
  });

  it("serves push, publish, whoami and verify as well, from a file with another name, and gives way to options", async () => {
    const home = homeWith("");
    writeFileSync(join(home, "team.yaml"), settings());
    const env = { SECOND_PASSWORD: testUser.password };
    const run = (...words: string[]) => runChartferry(words, { home, env });
    const chart = join(examples, "harbour-web-1.3.0.tgz");
    expect(await run("push", chart, "one", "--config", "team.yaml")).toMatchObject({ code: 0 });
    expect(await run("publish", chart, "--to", "one", "--to", `oci://${second.host}/published`, "--config", "team.yaml")).toMatchObject({
      code: 0,
    });
    expect(await run("whoami", second.host, "--config", "team.yaml")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("the variable SECOND_PASSWORD (named by team.yaml)"),
    });
    expect(await run("pull", `oci://${second.host}/published/harbour-web:1.3.0`, "--config", "team.yaml")).toMatchObject({ code: 0 });
    const other = await runChartferry(["push", chart, "one", "--config", "team.yaml", "--username", "nobody", "--password-stdin"], {
      home,
      env,
      stdin: "x",
    });
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining("--password-stdin") });
  });
});

describe("chartferry.yaml", () => {
  it("ends the command with 2 before anything is sent where it cannot be used", async () => {
    const home = homeWith("targets: { one: { to: oci://registry.example.com/charts, pasword: x } }");
    expect(await runChartferry(["migrate", examples, "one"], { home })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("targets.one"),
    });
    expect(await runChartferry(["migrate", examples, "two"], { home: homeWith("") })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("two"),
    });
  });
});
