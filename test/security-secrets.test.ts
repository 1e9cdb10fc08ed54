import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

import { makeChart } from "./charts/make-chart.ts";
import { startEmbedded } from "./servers/start-embedded.ts";
import { indexText, writeRepository } from "./charts/write-repository.ts";
import { runChartferry } from "./support/chartferry.ts";
import { describeWith } from "./support/real-tools.ts";
import type { ProgramResult } from "./support/run-program.ts";
import { startDistribution } from "./servers/start-distribution.ts";
import { type Route, startStaticServer } from "./servers/start-static-server.ts";
import { startTokenServer } from "./servers/start-token-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";
import { basicAuthorization, testUser } from "./support/test-user.ts";

const scratch = makeTempDir("secrets");
afterAll(() => removeTempDir(scratch));

const charts = [makeChart("web", "1.0.0"), makeChart("web", "1.1.0")];
const sourceUser = { username: "source-reader", password: "zq-s0urce-pw" };
const targetUser = { username: "target-writer", password: "zq-t4rget-pw" };
/** Everything that must never be seen: as typed, as sent, and as a query parameter. */
const secrets = [sourceUser, targetUser, testUser]
  .flatMap((user) => [user.password, basicAuthorization(user).slice("Basic ".length)])
  .concat("zq-query-token", "zq-signature", "zq-userinfo", "zq-registry-token");

let homes = 0;
function freshHome(): string {
  const home = join(scratch, `home-${(homes += 1)}`);
  mkdirSync(home);
  return home;
}

/** stdout, stderr and every file that a run left behind, credential files of the test's own not counted. */
function traces(home: string, result: ProgramResult): string {
  const files = existsSync(home) ? readdirSync(home, { recursive: true, withFileTypes: true }) : [];
  const texts = files
    .filter((entry) => entry.isFile() && !entry.name.startsWith("given-"))
    .map((entry) => `${entry.name}\n${readFileSync(join(entry.parentPath, entry.name), "latin1")}`);
  return [result.stdout, result.stderr, ...texts].join("\n");
}

function expectNoSecret(home: string, result: ProgramResult): void {
  const found = secrets.filter((secret) => traces(home, result).includes(secret));
  expect(found).toEqual([]);
}

function passwordFile(home: string, password: string): string {
  const file = join(home, "given-password");
  writeFileSync(file, password);
  return file;
}

/** Asks for Basic, and then refuses in the words that it was told. */
const echoRefused: Route = (request, response) => {
  const sent = request.headers.authorization;
  if (sent === undefined) {
    response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
    return;
  }
  const pair = Buffer.from(sent.slice("Basic ".length), "base64").toString();
  const detail = { header: sent, pair, password: pair.slice(pair.indexOf(":") + 1) };
  response.writeHead(403).end(JSON.stringify({ errors: [{ code: "DENIED", message: `header was ${sent}`, detail }] }));
};

/** Says back, in a registry's words, what it was sent. */
const echo: Route = (request, response) => {
  const body = { errors: [{ code: "DENIED", message: `you sent ${request.headers.authorization}`, detail: request.headers }] };
  const text = JSON.stringify(body);
  response.writeHead(403, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
};

const refuseSigned: Route = (_, response) => void response.writeHead(403).end("denied for signature zq-signature");

interface Servers {
  /** `host` and path of the source, query included. */
  readonly source: string;
  readonly target: string;
}

/** A whole run with a password for each end, every request logged, report and journal written. */
async function runWithSecrets(
  { source, target }: Servers,
  options: readonly string[] = [],
): Promise<{ home: string; result: ProgramResult }> {
  const home = freshHome();
  const ofSource = ["--source-username", sourceUser.username, "--source-password-file", passwordFile(home, sourceUser.password)];
  const ofTarget = ["--username", targetUser.username, "--password-stdin"];
  const files = ["--debug", "--report", join(home, "report.json"), "--journal", join(home, "journal.jsonl")];
  const result = await runChartferry(["migrate", source, target, ...ofSource, ...ofTarget, ...files, ...options], {
    home,
    stdin: targetUser.password,
  });
  return { home, result };
}

describe("no secret is seen in stdout, stderr, report, journal or any other file", () => {
  it.each([["text"], ["json"]])("of a run that succeeds, with --output and --log-format %s", async (format) => {
    const folder = join(scratch, `repository-${format}`);
    writeRepository(folder, charts);
    const source = await startStaticServer(folder, { auth: sourceUser });
    const home = freshHome();
    const registry = await startEmbedded({
      options: ["--user", targetUser.username, "--password-file", passwordFile(home, targetUser.password)],
    });
    const run = await runWithSecrets({ source: `${source.url}/?token=zq-query-token`, target: `oci://${registry.host}/charts` }, [
      "--output",
      format,
      "--log-format",
      format,
    ]);
    await source.stop();
    expect({ code: run.result.code, stderr: run.result.stderr }).toMatchObject({ code: 0 });
    expect(source.requests.some(({ path }) => path.includes("zq-query-token"))).toBe(true);
    expect(run.result.stderr).toMatch(/GET \S+index\.yaml/u);
    expectNoSecret(run.home, run.result);
    expect(secrets.filter((secret) => registry.output().includes(secret))).toEqual([]);
    await registry.stop();
  });

  it("of charts at signed urls, some of which fail", async () => {
    const folder = join(scratch, "signed");
    writeRepository(folder, charts);
    const source = await startStaticServer(folder, { auth: sourceUser, routes: { "/signed/web-1.0.0.tgz": refuseSigned } });
    const registry = await startEmbedded();
    const urls = [
      `${source.url}/signed/web-1.0.0.tgz?X-Amz-Signature=zq-signature`,
      `http://me:zq-userinfo@${source.host}/web-1.1.0.tgz?sig=zq-signature`,
    ];
    writeFileSync(join(folder, "index.yaml"), indexText(charts.map((chart, place) => ({ chart, urls: [urls[place] ?? ""] }))));
    const run = await runWithSecrets({ source: source.url, target: `oci://${registry.host}/charts` });
    await Promise.all([source.stop(), registry.stop()]);
    expect(run.result.code).toBe(1);
    expectNoSecret(run.home, run.result);
  });

  it("of runs where either end refuses the password", async () => {
    const folder = join(scratch, "refused");
    writeRepository(folder, charts);
    const source = await startStaticServer(folder, { auth: { username: "other", password: "other" } });
    const home = freshHome();
    const registry = await startEmbedded({
      options: ["--user", testUser.username, "--password-file", passwordFile(home, testUser.password)],
    });
    const refusedBySource = await runWithSecrets({ source: source.url, target: `oci://${registry.host}/charts` });
    const open = await startStaticServer(folder, { auth: sourceUser });
    const refusedByTarget = await runWithSecrets({ source: open.url, target: `oci://${registry.host}/charts` });
    await Promise.all([source.stop(), open.stop(), registry.stop()]);
    expect([refusedBySource.result.code, refusedByTarget.result.code]).toEqual([2, 2]);
    expectNoSecret(refusedBySource.home, refusedBySource.result);
    expectNoSecret(refusedByTarget.home, refusedByTarget.result);
  });

  it("of servers that say back what they were told", async () => {
    const folder = join(scratch, "echo");
    writeRepository(folder, charts);
    const routes = { "/v2/": echo, "/v2/charts/web/tags/list": echo, "/v2/charts/web/blobs/uploads/": echo, "/index.yaml": echo };
    const echoing = await startStaticServer(folder, { routes });
    const plain = await startStaticServer(folder, { auth: sourceUser });
    const asTarget = await runWithSecrets({ source: plain.url, target: `oci://${echoing.host}/charts` });
    const asSource = await runWithSecrets({ source: echoing.url, target: `oci-layout:${folder}/layouts` });
    await Promise.all([plain.stop(), echoing.stop()]);
    expect([asTarget.result.code, asSource.result.code].every((code) => code > 0)).toBe(true);
    expectNoSecret(asTarget.home, asTarget.result);
    expectNoSecret(asSource.home, asSource.result);
  });

  it("of a registry that refuses in the words of the credential that it was given", async () => {
    const folder = join(scratch, "echo-refused");
    writeRepository(folder, charts);
    const paths = ["/v2/", "/v2/charts/web/tags/list", "/v2/charts/web/blobs/uploads/"];
    const target = await startStaticServer(folder, { routes: Object.fromEntries(paths.map((path) => [path, echoRefused])) });
    const source = await startStaticServer(folder, { auth: sourceUser });
    const { home, result } = await runWithSecrets({ source: source.url, target: `oci://${target.host}/charts` });
    await Promise.all([source.stop(), target.stop()]);
    expect(result.code).toBeGreaterThan(0);
    expect(result.stdout + result.stderr).toContain("header was Basic ***");
    expectNoSecret(home, result);
  });

  it("of a credential file that is broken", async () => {
    const home = freshHome();
    mkdirSync(join(home, ".docker"));
    const registry = await startStaticServer(home, { auth: true });
    const file = join(home, ".docker", "config.json");
    for (const text of ['{"auths": {"x": {"auth": "zq-registry-token', `{"auths": {"${registry.host}": {"auth": "zq-registry-token"}}}`]) {
      writeFileSync(file, text);
      writeFileSync(join(home, "web-1.0.0.tgz"), makeChart("web", "1.0.0").archive);
      const result = await runChartferry(["push", "web-1.0.0.tgz", `oci://${registry.host}/charts`, "--debug"], { home });
      expect(result.code).not.toBe(0);
      expect(result.stdout + result.stderr).not.toContain("zq-registry-token");
    }
    await registry.stop();
  });
});

describeWith(["distribution"], "a registry with tokens", () => {
  it("neither its tokens nor the password are seen anywhere", async () => {
    const tokenServer = await startTokenServer();
    const distribution = await startDistribution({ tokenServer });
    const folder = join(scratch, "tokens");
    writeRepository(folder, charts);
    const home = freshHome();
    const options = [
      "--debug",
      "--username",
      testUser.username,
      "--password-stdin",
      "--report",
      join(home, "report.json"),
      "--journal",
      join(home, "journal.jsonl"),
    ];
    const result = await runChartferry(["migrate", folder, `oci://${distribution.host}/charts`, ...options], {
      home,
      stdin: testUser.password,
    });
    await Promise.all([tokenServer.stop(), distribution.stop()]);
    expect({ code: result.code, stderr: result.stderr }).toMatchObject({ code: 0 });
    expect(tokenServer.requests.length).toBeGreaterThan(0);
    expectNoSecret(home, result);
    // A JWT begins with {"alg": in base64.
    expect(traces(home, result)).not.toMatch(/eyJhbGciOi/u);
  });
});
