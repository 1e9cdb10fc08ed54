import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

import { makeHelm } from "./helm.ts";
import { makeCertificates } from "../servers/make-certificates.ts";
import { describeWith, requireTool } from "./real-tools.ts";
import { runProgram } from "./run-program.ts";
import { startDistribution } from "../servers/start-distribution.ts";
import { startOlareg } from "../servers/start-olareg.ts";
import { startStaticServer } from "../servers/start-static-server.ts";
import { startTokenServer } from "../servers/start-token-server.ts";
import { startZot } from "../servers/start-zot.ts";
import { makeTempDir, removeTempDir } from "./temp-dir.ts";
import { basicAuthorization } from "./test-user.ts";

const scratch = makeTempDir("support");
afterAll(() => removeTempDir(scratch));

describeWith(["distribution"], "the CNCF Distribution of the tests", () => {
  it("asks for the test user's password", async () => {
    const registry = await startDistribution({ htpasswd: true });
    try {
      expect((await fetch(`${registry.url}/v2/`)).status).toBe(401);
      expect((await fetch(`${registry.url}/v2/`, { headers: { authorization: basicAuthorization() } })).status).toBe(200);
    } finally {
      await registry.stop();
    }
    await expect(fetch(`${registry.url}/v2/`)).rejects.toThrow("fetch failed");
  });

  it("accepts tokens of the test token server, and only with the right scope", async () => {
    const tokenServer = await startTokenServer();
    const registry = await startDistribution({ tokenServer });
    try {
      const challenge = (await fetch(`${registry.url}/v2/a/b/blobs/uploads/`, { method: "POST" })).headers.get("www-authenticate") ?? "";
      expect(challenge).toContain(`realm="${tokenServer.realm}"`);
      const status = async (scope: string): Promise<number> => {
        const url = `${tokenServer.realm}?service=${tokenServer.service}&scope=${encodeURIComponent(scope)}`;
        const body = await (await fetch(url, { headers: { authorization: basicAuthorization() } })).text();
        const authorization = `Bearer ${/"token":"([^"]+)"/u.exec(body)?.[1]}`;
        return (await fetch(`${registry.url}/v2/a/b/blobs/uploads/`, { method: "POST", headers: { authorization } })).status;
      };
      expect(await status("repository:a/b:pull,push")).toBe(202);
      expect(await status("repository:a/b:pull")).toBe(401);
      expect(tokenServer.requests.map(({ scopes }) => scopes)).toEqual([["repository:a/b:pull,push"], ["repository:a/b:pull"]]);
    } finally {
      await registry.stop();
      await tokenServer.stop();
    }
  });

  it("refuses writes when it is read-only", async () => {
    const registry = await startDistribution({ readOnly: true });
    try {
      expect((await fetch(`${registry.url}/v2/a/blobs/uploads/`, { method: "POST" })).status).toBe(405);
    } finally {
      await registry.stop();
    }
  });

  it("serves TLS that a client trusts through the authority of the test, and not otherwise", async () => {
    const tls = makeCertificates(makeTempDir("certificates"));
    const registry = await startDistribution({ tls });
    try {
      expect(await statusOverTls(`${registry.url}/v2/`, readFileSync(tls.caFile))).toBe(200);
      await expect(statusOverTls(`${registry.url}/v2/`)).rejects.toThrow(/unable to verify|self-signed|issuer/u);
    } finally {
      await registry.stop();
    }
  });
});

describeWith(["distribution-2.8"], "the old Distribution of the tests", () => {
  it("starts", async () => {
    const registry = await startDistribution({ release: "2.8", htpasswd: true });
    try {
      expect((await fetch(`${registry.url}/v2/`, { headers: { authorization: basicAuthorization() } })).status).toBe(200);
    } finally {
      await registry.stop();
    }
  });
});

describeWith(["zot"], "the zot of the tests", () => {
  it("lets the test user read and not write where access is read-only", async () => {
    const registry = await startZot({ access: "read-only" });
    try {
      const headers = { authorization: basicAuthorization() };
      expect((await fetch(`${registry.url}/v2/`)).status).toBe(401);
      expect((await fetch(`${registry.url}/v2/`, { headers })).status).toBe(200);
      expect((await fetch(`${registry.url}/v2/a/blobs/uploads/`, { method: "POST", headers })).status).toBe(403);
    } finally {
      await registry.stop();
    }
  });

  it("serves TLS", async () => {
    const tls = makeCertificates(makeTempDir("certificates"));
    const registry = await startZot({ tls });
    try {
      expect(await statusOverTls(`${registry.url}/v2/`, readFileSync(tls.caFile))).toBe(200);
    } finally {
      await registry.stop();
    }
  });
});

describeWith(["olareg"], "the olareg of the tests", () => {
  it("starts with its options", async () => {
    const registry = await startOlareg({ referrers: false, readOnly: true, tls: makeCertificates(makeTempDir("certificates")) });
    await registry.stop();
    expect(registry.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/u);
  });
});

for (const name of ["helm3", "helm4", "helm4.2"] as const) {
  describeWith([name], `the ${name} of the tests`, () => {
    it("knows its version and has a home of its own", async () => {
      const helm = makeHelm(name);
      expect(await helm.output(["version", "--template", "{{.Version}}"])).toMatch(
        { helm3: /^v3\.22\.0/u, helm4: /^v4\.3\.1/u, "helm4.2": /^v4\.2\.4/u }[name],
      );
      expect(await helm.output(["env", "HELM_CONFIG_HOME"])).toContain(helm.home);
      helm.remove();
    });
  });
}

describeWith(["oras"], "the oras of the tests", () => {
  it("runs", async () => {
    expect((await runProgram(requireTool("oras"), ["version"], { env: {} })).stdout).toContain("1.3.6");
  });
});

describe("the static server of the tests", () => {
  writeFileSync(join(scratch, "index.yaml"), "apiVersion: v1\n");

  it("serves a folder with ranges, logs every request and lets a route take a path over", async () => {
    const server = await startStaticServer(scratch, {
      routes: { "/soft.tgz": (_request, response) => void response.writeHead(503).end() },
    });
    const part = await fetch(`${server.url}/index.yaml?x=1`, { headers: { range: "bytes=3-6" } });
    expect([part.status, await part.text(), part.headers.get("content-range")]).toEqual([206, "Vers", "bytes 3-6/15"]);
    expect((await fetch(`${server.url}/soft.tgz`)).status).toBe(503);
    expect((await fetch(`${server.url}/%2e%2e/%2e%2e/etc/passwd`)).status).toBe(404);
    expect(server.requests.map(({ path, status }) => `${path} ${status}`)).toEqual([
      "/index.yaml?x=1 206",
      "/soft.tgz 503",
      "/etc/passwd 404",
    ]);
    await server.stop();
  });

  it("asks for a password over TLS", async () => {
    const tls = makeCertificates(scratch);
    const server = await startStaticServer(scratch, { auth: true, tls });
    expect(await statusOverTls(`${server.url}/index.yaml`, readFileSync(tls.caFile))).toBe(401);
    await server.stop();
  });
});

function statusOverTls(url: string, ca?: Buffer): Promise<number> {
  return new Promise((settle, fail) => {
    request(url, { ...(ca && { ca }), agent: false }, (response) => {
      response.resume();
      settle(response.statusCode ?? 0);
    })
      .once("error", fail)
      .end();
  });
}
