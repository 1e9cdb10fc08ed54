import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ErrorCode } from "@chartferry/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { expectFailure } from "./runs/expect-failure.ts";
import { makeChart } from "./charts/make-chart.ts";
import { digestOfTag, pushImage, tagsOf } from "./runs/push-image.ts";
import { type MigrateRun, reportOf, runMigrate } from "./runs/run-migrate.ts";
import { type RunningEmbedded, startEmbedded } from "./servers/start-embedded.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { makeCertificates } from "./servers/make-certificates.ts";
import { describeWith } from "./support/real-tools.ts";
import { startDistribution } from "./servers/start-distribution.ts";
import { findFreePort } from "./servers/start-server.ts";
import { startStaticServer } from "./servers/start-static-server.ts";
import { startZot } from "./servers/start-zot.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";
import { testUser } from "./support/test-user.ts";

const scratch = makeTempDir("bad-target");
const repository = join(scratch, "repository");
let registry: RunningEmbedded;

beforeAll(async () => {
  writeRepository(repository, [makeChart("web", "1.0.0"), makeChart("web", "1.1.0")]);
  registry = await startEmbedded();
});
afterAll(async () => {
  await registry.stop();
  removeTempDir(scratch);
});

let homes = 0;
function freshHome(): string {
  const home = join(scratch, `home-${(homes += 1)}`);
  mkdirSync(home);
  return home;
}

function migrateTo(target: string, options: readonly string[] = [], stdin = ""): Promise<MigrateRun> {
  return runMigrate([repository, target, ...options], { home: freshHome(), stdin });
}

/** The report names both versions, with this status. */
function expectEveryVersion(run: MigrateRun, status: RegExp): void {
  expect(
    reportOf(run)
      .versions.map(({ version }) => version)
      .toSorted(),
  ).toEqual(["1.0.0", "1.1.0"]);
  for (const record of reportOf(run).versions) expect(record.status).toMatch(status);
}

describe("a target that cannot be meant ends with exit code 2 before any request:", () => {
  it.each([
    ["a scheme that no registry has", ["ftp://harbour.example/charts"], ["[target-unsupported]", "ftp", "oci://HOST"]],
    ["a host without a scheme", ["harbour.example/charts"], ["[target-unsupported]", "has no scheme", "oci://HOST"]],
    ["no host", ["oci://"], ["[reference-invalid]"]],
    ["a tag", ["oci://127.0.0.1:1/charts:1.0.0"], ["[reference-invalid]", "tag"]],
    ["upper case in the path", ["oci://127.0.0.1:1/Charts"], ["[reference-invalid]", "Charts", "lower case"]],
    ["a password", ["oci://someone:t0psecret@127.0.0.1:1/charts"], ["[reference-invalid]", "password"]],
    ["no target at all", [], ["target"]],
    ["the same target twice", ["oci://127.0.0.1:1/charts", "oci://127.0.0.1:1/charts/"], ["[usage]", "twice"]],
  ])("%s", async (_what, targets, says) => {
    const run = await runMigrate([repository, ...targets], { home: freshHome() });
    expectFailure(run, { code: 2, says });
    expect(run.stderr).not.toContain("t0psecret");
  });
});

describe("a target that cannot be reached at all ends with exit code 2, before a chart is downloaded:", () => {
  it("a port where nobody listens", async () => {
    const host = `127.0.0.1:${await findFreePort()}`;
    const run = await migrateTo(`oci://${host}/charts`);
    expectFailure(run, { code: 2, reason: "connection-refused", says: [host, "check host and port"] });
    expect(run.report).toBeUndefined();
  });

  it("a host name that nobody has", async () => {
    const run = await migrateTo("oci://registry.invalid/charts");
    expectFailure(run, { code: 2, reason: "host-not-found", says: ["registry.invalid"] });
  });
});

describe("TLS at the target:", () => {
  const tls = makeCertificates(scratch);
  let secured: RunningEmbedded;
  beforeAll(async () => (secured = await startEmbedded({ options: ["--tls-cert", tls.certFile, "--tls-key", tls.keyFile] })));
  afterAll(() => secured.stop());

  it("a certificate of an authority that is not known", async () => {
    const run = await migrateTo(`oci://${secured.host}/charts`);
    expectFailure(run, { code: 2, reason: "tls", says: [secured.host, "--ca-file"] });
  });

  it("the wrong authority", async () => {
    const other = makeCertificates(makeTempDir("other-authority"));
    const run = await migrateTo(`oci://${secured.host}/charts`, ["--ca-file", other.caFile]);
    expectFailure(run, { code: 2, reason: "tls", says: [secured.host] });
  });

  it.each(["--ca-file", "--cert-file"])("a file for %s that is not there is wrong usage", async (option) => {
    const missing = join(scratch, "no-such-file.pem");
    const run = await migrateTo(
      `oci://${secured.host}/charts`,
      option === "--ca-file" ? [option, missing] : [option, missing, "--key-file", missing],
    );
    expectFailure(run, { code: 2, says: ["no-such-file.pem"] });
  });

  it("a file for --ca-file that holds no certificate is wrong usage", async () => {
    const file = join(scratch, "no-certificate.pem");
    writeFileSync(file, "hello\n");
    expectFailure(await migrateTo(`oci://${secured.host}/charts`, ["--ca-file", file]), { code: 2, says: ["no-certificate.pem"] });
  });

  it("--plain-http where https is spoken", async () => {
    const run = await migrateTo(`oci://${secured.host}/charts`, ["--plain-http"]);
    expectFailure(run, {
      code: 2,
      reason: ["tls", "connection-lost", "protocol-violation"],
      says: [secured.host, "https", "--plain-http"],
    });
    expectEveryVersion(run, /^(?:failed|not-attempted)$/u);
  });

  it("a client certificate that was not given, and one without its key", async () => {
    const strict = await startStaticServer(repository, { tls, requireClientCertificate: true });
    const without = await migrateTo(`oci://${strict.host}/charts`, ["--ca-file", tls.caFile]);
    const half = await migrateTo(`oci://${strict.host}/charts`, ["--ca-file", tls.caFile, "--cert-file", tls.clientCertFile]);
    await strict.stop();
    expectFailure(without, { code: 2, reason: "tls", says: [strict.host, "client certificate", "--cert-file and --key-file"] });
    expectFailure(half, { code: 2, reason: "usage", says: ["--key-file is missing"] });
  });

  it("an authority is given and http is spoken: no fallback, since TLS was asked for", async () => {
    const run = await migrateTo(`oci://${registry.host}/charts`, ["--ca-file", tls.caFile]);
    expectFailure(run, { code: 2, reason: "plain-http", says: [registry.host, "plain http"] });
  });

  it("and with the right authority, or none wanted, everything arrives", async () => {
    const trusted = await migrateTo(`oci://${secured.host}/trusted`, ["--ca-file", tls.caFile]);
    const unchecked = await migrateTo(`oci://${secured.host}/unchecked`, ["--insecure-skip-tls-verify"]);
    expect([trusted, unchecked].map(({ code, stderr }) => ({ code, stderr }))).toMatchObject([{ code: 0 }, { code: 0 }]);
  });
});

describe("a registry that takes no pushes fails every version, names the place and is not asked for ever:", () => {
  it("our own, read-only", async () => {
    const readOnly = await startEmbedded({ options: ["--read-only"] });
    const run = await migrateTo(`oci://${readOnly.host}/charts`);
    await readOnly.stop();
    expectFailure(run, { code: 2, reason: "read-only", says: [readOnly.host] });
    expectEveryVersion(run, /^failed$/u);
    const failed = reportOf(run).versions.find(({ status }) => status === "failed");
    expect(failed).toMatchObject({ chart: "web", reason: "read-only" });
    expect(failed?.hint).toBeTruthy();
  });

  it("a folder of layouts that may not be written, or is a file", async () => {
    const file = join(scratch, "a-file");
    writeFileSync(file, "");
    const run = await migrateTo(`oci-layout:${file}`);
    expectFailure(run, { code: 2, reason: "file-unwritable", says: [file, "is a file, not a folder"] });
  });
});

describeWith(["zot"], "zot as target", () => {
  it("asks for a password: none, a wrong one and the right one", async () => {
    const zot = await startZot({ htpasswd: true });
    const target = `oci://${zot.host}/charts`;
    const given = ["--username", testUser.username, "--password-stdin"];
    const none = await migrateTo(target);
    const wrong = await migrateTo(target, given, "wr0ng-password\n");
    const right = await migrateTo(target, given, `${testUser.password}\n`);
    await zot.stop();
    expectFailure(none, { code: 2, reason: "unauthenticated", says: [zot.host, "login"] });
    expectFailure(wrong, { code: 2, reason: "unauthenticated", says: [zot.host] });
    expect(wrong.stdout + wrong.stderr).not.toContain("wr0ng-password");
    expect({ code: right.code, stderr: right.stderr }).toMatchObject({ code: 0 });
  });

  it("lets us read only: denied, with registry, repository and version", async () => {
    const zot = await startZot({ access: "read-only" });
    const run = await migrateTo(`oci://${zot.host}/charts`, ["--username", testUser.username, "--password-stdin"], testUser.password);
    await zot.stop();
    expectFailure(run, { code: 2, reason: ["denied", "denied-or-missing"], says: [zot.host, "charts/web"] });
    expect(reportOf(run).versions.every(({ status }) => status === "failed")).toBe(true);
  });
});

describeWith(["distribution"], "Distribution as target", () => {
  it("is in maintenance and read-only", async () => {
    const distribution = await startDistribution({ readOnly: true });
    const run = await migrateTo(`oci://${distribution.host}/charts`);
    await distribution.stop();
    expectFailure(run, { code: 2, reason: "read-only", says: [distribution.host] });
  });

  it("asks for a password: a wrong one is said to be wrong", async () => {
    const distribution = await startDistribution({ htpasswd: true });
    const run = await migrateTo(
      `oci://${distribution.host}/charts`,
      ["--username", testUser.username, "--password-stdin"],
      "wr0ng-password",
    );
    await distribution.stop();
    expectFailure(run, { code: 2, reason: "unauthenticated", says: [distribution.host] });
  });
});

describe("a container image where a chart should go", () => {
  const verdicts: readonly (readonly [string, ErrorCode])[] = [
    ["verify", "not-a-chart"],
    ["overwrite", "not-a-chart"],
    ["fail", "already-exists"],
  ];
  it.each(verdicts)("is left alone under --existing %s", async (existing, reason) => {
    const namespace = `images-${existing}`;
    const image = await pushImage(registry.url, `${namespace}/web`, "1.0.0");
    const run = await migrateTo(`oci://${registry.host}/${namespace}`, ["--existing", existing]);
    expectFailure(run, { code: 1, reason, says: [registry.host, `${namespace}/web`, "1.0.0"] });
    expect(await digestOfTag(registry.url, `${namespace}/web`, "1.0.0")).toBe(image);
    expect(await tagsOf(registry.url, `${namespace}/web`)).toEqual(["1.0.0", "1.1.0"]);
  });
});
