import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

import { expectFailure } from "./runs/expect-failure.ts";
import { digestOf } from "./charts/make-chart.ts";
import { digestOfTag, tagsOf } from "./runs/push-image.ts";
import { startEmbedded } from "./servers/start-embedded.ts";
import { runChartferry } from "./support/chartferry.ts";
import { makeHelm } from "./support/helm.ts";
import { makeCertificates } from "./servers/make-certificates.ts";
import { describeWith } from "./support/real-tools.ts";
import { startOlareg } from "./servers/start-olareg.ts";
import { startZot } from "./servers/start-zot.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";
import { basicAuthorization, testUser } from "./support/test-user.ts";

const scratch = makeTempDir("serve");
const examples = fileURLToPath(new URL("../examples/classic-repo", import.meta.url));
const chart = join(examples, "harbour-web-1.3.0.tgz");
const passwordFile = join(scratch, "password");
writeFileSync(passwordFile, `${testUser.password}\n`, { mode: 0o600 });
const withUser = ["--user", testUser.username, "--password-file", passwordFile];
afterAll(() => removeTempDir(scratch));

async function push(host: string, ...options: readonly string[]): Promise<string> {
  const result = await runChartferry(["push", chart, `oci://${host}/charts`, ...options], { home: scratch, stdin: testUser.password });
  expect({ code: result.code, stderr: result.stderr }).toMatchObject({ code: 0 });
  return result.stdout;
}

describe("chartferry serve", () => {
  it("says where it listens and what it serves, keeps what it got, and ends with 0 on SIGTERM and SIGINT", async () => {
    const directory = join(scratch, "kept");
    const first = await startEmbedded({ directory });
    await push(first.host);
    expect(first.output()).toMatch(new RegExp(`^${first.url}$`, "mu"));
    expect(first.output()).toContain(`serving ${directory}`);
    const digest = await digestOfTag(first.url, "charts/harbour-web", "1.3.0");
    expect(digest).toMatch(/^sha256:/u);
    expect(await first.stop("SIGTERM")).toBe(0);
    const second = await startEmbedded({ directory });
    expect(await digestOfTag(second.url, "charts/harbour-web", "1.3.0")).toBe(digest);
    expect(await second.stop("SIGINT")).toBe(0);
  });

  it("keeps what it answered for even when it is killed at once", async () => {
    const directory = join(scratch, "killed");
    const first = await startEmbedded({ directory });
    await push(first.host);
    const digest = await digestOfTag(first.url, "charts/harbour-web", "1.3.0");
    await first.stop("SIGKILL");
    const second = await startEmbedded({ directory });
    expect(await digestOfTag(second.url, "charts/harbour-web", "1.3.0")).toBe(digest);
    await second.stop();
  });

  it("refuses a folder that another process serves and names that process", async () => {
    const directory = join(scratch, "owned");
    const owner = await startEmbedded({ directory });
    const second = await runChartferry(["serve", directory, "--port", "0"], { home: scratch });
    expectFailure(second, { code: 2, reason: "layout-locked", says: [directory, String(owner.processId)] });
    await owner.stop();
  });

  it("refuses a port that is taken", async () => {
    const owner = await startEmbedded({ directory: join(scratch, "port") });
    const second = await runChartferry(["serve", join(scratch, "other"), "--port", owner.host.split(":")[1] ?? ""], { home: scratch });
    await owner.stop();
    expectFailure(second, { code: 2, says: ["EADDRINUSE", "another port"] });
  });

  it("asks for its user's password, and never prints it", async () => {
    const running = await startEmbedded({ options: withUser });
    const status = async (authorization?: string): Promise<number> =>
      (await fetch(`${running.url}/v2/`, authorization === undefined ? {} : { headers: { authorization } })).status;
    const wrong = basicAuthorization({ username: testUser.username, password: "wrong" });
    expect([await status(), await status(wrong), await status(basicAuthorization())]).toEqual([401, 401, 200]);
    await push(running.host, "--username", testUser.username, "--password-stdin");
    expect(running.output()).not.toContain(testUser.password);
    await running.stop();
  });

  it("reads but takes nothing when it is read-only", async () => {
    const directory = join(scratch, "read-only");
    const writable = await startEmbedded({ directory });
    await push(writable.host);
    await writable.stop();
    const running = await startEmbedded({ directory, options: ["--read-only"] });
    const refused = await runChartferry(["push", chart, `oci://${running.host}/other`], { home: scratch });
    expectFailure(refused, { code: 2, reason: "read-only", says: [running.host] });
    expect(await tagsOf(running.url, "charts/harbour-web")).toEqual(["1.3.0"]);
    const removed = await fetch(`${running.url}/v2/charts/harbour-web/manifests/1.3.0`, { method: "DELETE" });
    expect(removed.status).toBeGreaterThanOrEqual(400);
    await running.stop();
  });

  it("says that a key does not belong to its certificate, and that a file is no folder", async () => {
    const tls = makeCertificates(scratch);
    const mismatched = ["serve", join(scratch, "never"), "--port", "0", "--tls-cert", tls.certFile, "--tls-key", tls.clientKeyFile];
    const key = await runChartferry(mismatched, { home: scratch });
    expectFailure(key, { code: 2, reason: "usage", says: ["certificate or its key cannot be used", "the private key that belongs to it"] });
    const file = await runChartferry(["serve", chart, "--port", "0"], { home: scratch });
    expectFailure(file, { code: 2, reason: "file-unwritable", says: [chart, "is a file, not a folder", "name a folder"] });
  });

  it("says in its help what it is for", async () => {
    const { stdout } = await runChartferry(["serve", "--help"], { home: scratch });
    expect(stdout).toMatch(/development,\s+tests\s+and\s+air\s+gaps/u);
  });
});

describeWith(["helm3", "helm4"], "helm at chartferry serve", () => {
  it("pulls over TLS with --ca-file after a login, and not without", async () => {
    const tls = makeCertificates(scratch);
    const running = await startEmbedded({ options: ["--tls-cert", tls.certFile, "--tls-key", tls.keyFile, ...withUser] });
    await push(running.host, "--ca-file", tls.caFile, "--username", testUser.username, "--password-stdin");
    for (const name of ["helm3", "helm4"] as const) {
      const helm = makeHelm(name);
      const login = ["registry", "login", running.host, "--ca-file", tls.caFile, "-u", testUser.username, "--password-stdin"];
      await helm.output(login, { stdin: testUser.password });
      const args = ["pull", `oci://${running.host}/charts/harbour-web`, "--version", "1.3.0", "-d", helm.home];
      expect((await helm.run(args)).code).not.toBe(0);
      await helm.output([...args, "--ca-file", tls.caFile]);
      expect(digestOf(readFileSync(join(helm.home, "harbour-web-1.3.0.tgz")))).toBe(digestOf(readFileSync(chart)));
      helm.remove();
    }
    await running.stop();
  });

  it("pushes what chartferry finds to be the same chart", async () => {
    const running = await startEmbedded();
    const helm = makeHelm("helm4");
    await helm.output(["push", chart, `oci://${running.host}/charts`, "--plain-http"]);
    helm.remove();
    const run = await runChartferry(["migrate", examples, `oci://${running.host}/charts`, "--chart", "harbour-web", "--output", "json"], {
      home: scratch,
    });
    expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 });
    const { versions }: { versions: { version: string; status: string; reason: string }[] } = JSON.parse(run.stdout);
    expect(versions.find(({ version }) => version === "1.3.0")).toMatchObject({ status: "skipped", reason: "same-chart" });
    await running.stop();
  });
});

for (const [tool, start] of [
  ["zot", startZot],
  ["olareg", startOlareg],
] as const) {
  describeWith([tool], `a folder of layouts shared with ${tool}, one after the other`, () => {
    it(`is served by ${tool} after us, and by us after ${tool}`, async () => {
      const directory = join(scratch, `shared-${tool}`);
      const ours = await startEmbedded({ directory });
      await push(ours.host);
      const digest = await digestOfTag(ours.url, "charts/harbour-web", "1.3.0");
      await ours.stop();
      const theirs = await start({ directory });
      expect(await digestOfTag(theirs.url, "charts/harbour-web", "1.3.0")).toBe(digest);
      const more = await runChartferry(["push", join(examples, "tide-tables-2.0.0+spring.1.tgz"), `oci://${theirs.host}/charts`], {
        home: scratch,
      });
      expect({ code: more.code, stderr: more.stderr }).toMatchObject({ code: 0 });
      await theirs.stop();
      const again = await startEmbedded({ directory });
      expect(await tagsOf(again.url, "charts/tide-tables")).toEqual(["2.0.0_spring.1"]);
      expect(await digestOfTag(again.url, "charts/harbour-web", "1.3.0")).toBe(digest);
      await again.stop();
    });
  });
}
