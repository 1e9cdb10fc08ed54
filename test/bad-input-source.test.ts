import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { expectFailure, type Failure } from "./runs/expect-failure.ts";
import { makeChart } from "./charts/make-chart.ts";
import { runMigrate } from "./runs/run-migrate.ts";
import { type RunningEmbedded, startEmbedded } from "./servers/start-embedded.ts";
import { type RunningProxy, startProxy } from "./servers/start-proxy.ts";
import { indexText, writeRepository } from "./charts/write-repository.ts";
import { makeCertificates } from "./servers/make-certificates.ts";
import { findFreePort } from "./servers/start-server.ts";
import { type Route, startStaticServer, type StaticServerOptions } from "./servers/start-static-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";

const scratch = makeTempDir("bad-source");
const repository = join(scratch, "repository");
const charts = ["1.0.0", "1.1.0", "2.0.0"].map((version) => makeChart("web", version));
const wholeIndex = indexText(charts.map((chart) => ({ chart })));

let registry: RunningEmbedded;
let target: RunningProxy;

beforeAll(async () => {
  writeRepository(repository, charts);
  registry = await startEmbedded();
  target = await startProxy(registry.url);
});
afterAll(async () => {
  await target.stop();
  await registry.stop();
  removeTempDir(scratch);
});

/** Migrates from `source`, expects the failure and that nothing was written to the target. */
async function expectNothingPushed(source: string, failure: Failure, options: readonly string[] = []): Promise<string> {
  const before = target.requests.length;
  const run = await runMigrate([source, `oci://${target.host}/charts`, ...options], { home: join(scratch, "home") });
  expectFailure(run, failure);
  const writes = target.requests.slice(before).filter(({ method }) => method !== "GET" && method !== "HEAD");
  expect(writes).toEqual([]);
  return run.stderr;
}

/** The same from a server that answers `/index.yaml` with the route, or differs by its options. */
async function expectFromServer(server: Route | StaticServerOptions, failure: Failure): Promise<void> {
  const options = typeof server === "function" ? { routes: { "/index.yaml": server } } : server;
  const source = await startStaticServer(repository, options);
  try {
    await expectNothingPushed(source.url, { ...failure, says: [source.host, ...failure.says] });
  } finally {
    await source.stop();
  }
}

describe("a source that cannot be found ends with exit code 2 and says why:", () => {
  it.each([
    ["an address that is no url", "http://", ["[usage]", "not a valid url"]],
    ["a scheme that no repository has", "ftp://charts.example/stable", ["[usage]", "ftp", "http(s)://"]],
    ["a host name that nobody has", "http://charts.invalid/stable", ["[host-not-found]", "charts.invalid", "check the spelling"]],
    ["a folder that is not there", "./no-such-folder", ["[file-missing]", "no-such-folder", "does not exist"]],
    ["a password in the address", "http://someone:t0psecret@127.0.0.1:1/", ["[usage]", "--source-username"]],
  ])("%s", async (_what, source, says) => {
    const stderr = await expectNothingPushed(source, { code: 2, says });
    expect(stderr).not.toContain("t0psecret");
  });

  it("a port where nobody listens", async () => {
    const host = `127.0.0.1:${await findFreePort()}`;
    await expectNothingPushed(`http://${host}`, { code: 2, reason: "connection-refused", says: [host, "check host and port"] });
  });

  it("a folder without charts", async () => {
    const empty = join(scratch, "empty");
    mkdirSync(empty);
    await expectNothingPushed(empty, { code: 2, reason: "index-missing", says: [empty] });
  });
});

describe("a source that refuses ends with exit code 2 and says why:", () => {
  it("a password that was not given", () =>
    expectFromServer({ auth: true }, { code: 2, reason: "unauthenticated", says: ["401", "--source-username"] }));

  it("a password that is wrong", async () => {
    const source = await startStaticServer(repository, { auth: true });
    const file = join(scratch, "wrong-password");
    writeFileSync(file, "not-the-passw0rd\n");
    const options = ["--source-username", "harbourmaster", "--source-password-file", file];
    const stderr = await expectNothingPushed(source.url, { code: 2, reason: "unauthenticated", says: [source.host] }, options);
    expect(stderr).not.toContain("not-the-passw0rd");
    await source.stop();
  });

  it("a right that we lack", () =>
    expectFromServer((_, response) => void response.writeHead(403).end(), { code: 2, reason: "denied", says: ["403"] }));

  it("an index that is not there", () =>
    expectFromServer((_, response) => void response.writeHead(404).end(), {
      code: 2,
      reason: "index-missing",
      says: ["404", "index.yaml"],
    }));

  it("a server that is out of order", () =>
    expectFromServer((_, response) => void response.writeHead(501).end(), { code: 2, reason: "unavailable", says: ["501"] }));
});

describe("an index that is not whole or none at all ends with exit code 2, with nothing pushed:", () => {
  const page = "<!DOCTYPE html><html><head><title>Sign in to Harbour</title></head><body>…</body></html>";

  it("an HTML page instead of YAML", () =>
    expectFromServer((_, response) => void response.writeHead(200, { "content-type": "text/html" }).end(page), {
      code: 2,
      reason: "index-invalid",
      says: ['an HTML page titled "Sign in to Harbour"'],
    }));

  it.each([
    ["nothing at all", "", "empty"],
    ["YAML that is no index", "kind: Deployment\nmetadata:\n  name: web\n", "no entries"],
    ["a chart instead of the index", makeChart("web", "1.0.0").archive, "binary data"],
  ])("%s", async (_what, body, says) => {
    await expectFromServer((_, response) => void response.writeHead(200).end(body), { code: 2, reason: "index-invalid", says: [says] });
  });

  it.concurrent("fewer bytes than Content-Length says", () =>
    expectFromServer(
      (_, response) => {
        response.writeHead(200, { "content-length": Buffer.byteLength(wholeIndex) });
        response.write(wholeIndex.slice(0, wholeIndex.indexOf("  - apiVersion: v2\n    name: web\n    version: 2.0.0")), () =>
          response.destroy(),
        );
      },
      { code: 2, reason: ["index-truncated", "connection-lost"], says: [] },
    ));

  it.concurrent("a chunked answer that breaks off between two entries, where YAML is still whole", () =>
    expectFromServer(
      (_, response) => {
        response.writeHead(200, { "transfer-encoding": "chunked" });
        response.write(wholeIndex.slice(0, wholeIndex.indexOf("  - apiVersion: v2\n    name: web\n    version: 2.0.0")), () =>
          response.destroy(),
        );
      },
      { code: 2, reason: ["index-truncated", "connection-lost"], says: [] },
    ));

  it("a file that was cut within a line before it was uploaded, and is sent without a length", async () => {
    const cut = wholeIndex.slice(0, wholeIndex.lastIndexOf("    urls:") + 6);
    const send: Route = (_, response) => {
      response.writeHead(200, { "transfer-encoding": "chunked" });
      response.end(cut);
    };
    await expectFromServer(send, { code: 2, reason: "index-truncated", says: ["its last line has no end"] });
  });

  it("a length that is right in the end is resumed where it broke off", async () => {
    const half = Math.floor(wholeIndex.length / 2);
    let asked = 0;
    const source = await startStaticServer(repository, {
      routes: {
        "/index.yaml": (request, response) => {
          asked += 1;
          const range = /^bytes=(\d+)-/u.exec(request.headers.range ?? "");
          const start = Number(range?.[1] ?? 0);
          const headers = { etag: '"one"', "content-length": wholeIndex.length - start };
          if (range)
            response.writeHead(206, { ...headers, "content-range": `bytes ${start}-${wholeIndex.length - 1}/${wholeIndex.length}` });
          else response.writeHead(200, { ...headers, "accept-ranges": "bytes" });
          if (asked === 1) response.write(wholeIndex.slice(0, half), () => response.destroy());
          else response.end(wholeIndex.slice(start));
        },
      },
    });
    const run = await runMigrate([source.url, `oci://${target.host}/resumed`], { home: join(scratch, "home") });
    expect({ code: run.code, asked, pushed: run.report?.versions.length, stderr: run.stderr }).toMatchObject({
      code: 0,
      asked: 2,
      pushed: 3,
    });
    await source.stop();
  });
});

describe("TLS at the source ends with exit code 2 and names the option:", () => {
  const tls = makeCertificates(scratch);

  it("a certificate of an authority that is not known", () =>
    expectFromServer({ tls }, { code: 2, reason: "tls", says: [/--(?:source-)?ca-file/u] }));

  it("the wrong authority", async () => {
    const other = makeCertificates(makeTempDir("other-authority"));
    const source = await startStaticServer(repository, { tls });
    const options = ["--source-ca-file", other.caFile];
    await expectNothingPushed(source.url, { code: 2, reason: "tls", says: [source.host, "authority"] }, options);
    await source.stop();
  });

  it("an authority file that is not there", async () => {
    const source = await startStaticServer(repository, { tls });
    await expectNothingPushed(source.url, { code: 2, says: ["no-such-ca.pem"] }, ["--source-ca-file", join(scratch, "no-such-ca.pem")]);
    await source.stop();
  });

  it("https where the server speaks http", async () => {
    const source = await startStaticServer(repository);
    await expectNothingPushed(source.url.replace("http:", "https:"), { code: 2, reason: "plain-http", says: [source.host, "plain http"] });
    await source.stop();
  });

  it("http where the server speaks https", async () => {
    const source = await startStaticServer(repository, { tls });
    await expectNothingPushed(source.url.replace("https:", "http:"), { code: 2, says: [source.host, "https"] });
    await source.stop();
  });

  it("and the right authority lets the charts through", async () => {
    const source = await startStaticServer(repository, { tls });
    const run = await runMigrate([source.url, `oci://${target.host}/over-tls`, "--source-ca-file", tls.caFile], {
      home: join(scratch, "home"),
    });
    expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 });
    await source.stop();
  });

  it("a client certificate that was not given, and that is", async () => {
    const source = await startStaticServer(repository, { tls, requireClientCertificate: true });
    const says = [source.host, "client certificate", "--source-cert-file and --source-key-file"];
    await expectNothingPushed(source.url, { code: 2, reason: "tls", says }, ["--source-ca-file", tls.caFile]);
    const given = ["--source-ca-file", tls.caFile, "--source-cert-file", tls.clientCertFile, "--source-key-file", tls.clientKeyFile];
    const run = await runMigrate([source.url, `oci://${target.host}/mutual`, ...given], { home: join(scratch, "home") });
    expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 });
    await source.stop();
  });
});
