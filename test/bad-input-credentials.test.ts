import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { expectFailure } from "./runs/expect-failure.ts";
import { makeChart } from "./charts/make-chart.ts";
import { reportOf, runMigrate } from "./runs/run-migrate.ts";
import { startEmbedded } from "./servers/start-embedded.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";
import { testUser } from "./support/test-user.ts";

const scratch = makeTempDir("bad-credentials");
const repository = join(scratch, "repository");
beforeAll(() => writeRepository(repository, [makeChart("web", "1.0.0"), makeChart("web", "1.1.0")]));
afterAll(() => removeTempDir(scratch));

let homes = 0;
function freshHome(): string {
  const home = join(scratch, `home-${(homes += 1)}`);
  mkdirSync(home);
  return home;
}

describe("credentials that cannot be had end with exit code 2, and the report names every version:", () => {
  it.each([
    ["a credential file that is no JSON", "{", "registry-config.json"],
    ["a credential helper that is not installed", '{"credsStore":"of-nobody"}', "docker-credential-of-nobody"],
  ])("%s, among Docker's own files", async (_what, content, says) => {
    const guarded = await startEmbedded({ options: ["--user", testUser.username, "--password-file", passwordFile()] });
    const home = freshHome();
    const file = join(home, "registry-config.json");
    writeFileSync(file, content);
    const run = await runMigrate([repository, `oci://${guarded.host}/charts`], { home, env: { HELM_REGISTRY_CONFIG: file } });
    await guarded.stop();
    expectFailure(run, { code: 2, reason: "credentials-unavailable", says: [says] });
    expect(run.stdout + run.stderr).not.toContain("try: try");
    expect(reportOf(run).versions.map(({ version, status }) => `${version} ${status}`)).toEqual(["1.0.0 failed", "1.1.0 failed"]);
  });

  it("a file that --registry-config names is read before anything is sent", async () => {
    const file = join(scratch, "broken-config.json");
    writeFileSync(file, "{");
    const run = await runMigrate([repository, "oci://127.0.0.1:1/charts", "--registry-config", file], { home: freshHome() });
    expectFailure(run, { code: 2, reason: "credentials-unavailable", says: ["broken-config.json"] });
  });
});

function passwordFile(): string {
  const file = join(scratch, "password");
  writeFileSync(file, `${testUser.password}\n`, { mode: 0o600 });
  return file;
}
