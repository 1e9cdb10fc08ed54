import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { ServerOptions } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TLSSocket } from "node:tls";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import type { TlsOptions } from "../../adapter/registry-adapter.ts";
import { createHttpClient } from "../create-http-client.ts";
import { discoverOrigin } from "./plain-http.ts";
import { makeAuthority, makeCertificate } from "../testing/make-certificates.ts";
import { manualClock } from "../testing/manual-clock.ts";
import { startRawServer, startStubServer, type StubServer, unusedOrigin } from "../testing/start-stub-server.ts";

const authority = makeAuthority();
const leaf = makeCertificate({ authority });
let folder = "";
const file = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "chartferry-tls-"));
  const other = makeCertificate({ authority });
  await writeFile(file("ca.pem"), authority.cert);
  await writeFile(file("client.pem"), other.cert);
  await writeFile(file("client.key"), other.key);
  await writeFile(file("leaf.key"), leaf.key);
  await writeFile(file("empty.pem"), "");
  await writeFile(file("damaged.pem"), authority.cert.replace("MII", "MIX").slice(0, 120) + "\n-----END CERTIFICATE-----\n");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function serve(tls: ServerOptions | undefined, status = 200): Promise<StubServer> {
  const server = await startStubServer(
    (_request, response, raw) => {
      response.writeHead(status).end(raw.socket instanceof TLSSocket ? String(raw.socket.authorized) : "");
    },
    tls === undefined ? {} : { tls },
  );
  closers.push(() => server.close());
  return server;
}

async function get(origin: URL, tls: TlsOptions = {}): Promise<string> {
  const http = createHttpClient({ origin, tls, clock: manualClock(), attempts: 2, lookup: () => Promise.resolve(["127.0.0.1"]) });
  closers.push(() => http.close());
  const answer = await http.send({ method: "GET", url: origin, operation: "test" });
  return new TextDecoder().decode(await answer.bytes(1000));
}

describe("TLS", () => {
  it("waits for nobody who may write to a pipe: nothing else would go on", async () => {
    execFileSync("mkfifo", [file("pipe")]);
    const asked = get(await unusedOrigin(), { caFile: file("pipe") });
    await expect(asked).rejects.toMatchObject({ code: "file-unreadable", message: `${file("pipe")} is a pipe` });
  });

  it("trusts what --ca-file holds, or everything when told to", async () => {
    const server = await serve(leaf);
    expect(await get(server.origin, { caFile: file("ca.pem") })).toBe("false");
    expect(await get(server.origin, { caFile: { path: "/dev/fd/63", text: authority.cert } })).toBe("false");
    expect(await get(server.origin, { insecureSkipVerify: true })).toBe("false");
  });

  it("shows a client certificate", async () => {
    const server = await serve({ ...leaf, ca: authority.cert, requestCert: true, rejectUnauthorized: true });
    expect(await get(server.origin, { caFile: file("ca.pem"), certFile: file("client.pem"), keyFile: file("client.key") })).toBe("true");
  });

  it("says which authority problem it is", async () => {
    const unknown = await serve(leaf);
    await expect(get(unknown.origin)).rejects.toMatchObject({ code: "tls", retryable: false, hint: expect.stringContaining("--ca-file") });
    const day = 24 * 3_600_000;
    const expired = await serve(
      makeCertificate({ authority, notBefore: new Date(Date.now() - 2 * day), notAfter: new Date(Date.now() - day) }),
    );
    await expect(get(expired.origin, { caFile: file("ca.pem") })).rejects.toThrow("has expired");
    const misnamed = await serve(makeCertificate({ authority, hosts: ["other.example"] }));
    await expect(get(misnamed.origin, { caFile: file("ca.pem") })).rejects.toThrow("another host name");
  });

  it("is not given up by a redirect down to http", async () => {
    const plain = await serve(undefined);
    const server = await startStubServer((_request, response) => void response.writeHead(302, { location: plain.origin.href }).end(), {
      tls: leaf,
    });
    closers.push(() => server.close());
    await expect(get(server.origin, { caFile: file("ca.pem") })).rejects.toMatchObject({ code: "redirect-refused" });
    expect(plain.requests.length).toBe(0);
  });

  it("tells plain http behind https, and https behind http", async () => {
    const plain = await serve(undefined);
    const asHttps = new URL(plain.origin.href.replace("http:", "https:"));
    await expect(get(asHttps)).rejects.toMatchObject({
      code: "plain-http",
      retryable: false,
      hint: expect.stringMatching(/--plain-http for a registry, http:\/\/ in the address/),
    });
    const alert = await startRawServer((socket) => {
      socket.once("data", () => socket.end(Buffer.from("15030300020246", "hex")));
    });
    closers.push(() => alert.close());
    await expect(get(alert.origin)).rejects.toMatchObject({ code: "tls", hint: expect.stringMatching(/no --plain-http .*https:\/\//) });
    const silent = new URL((await serve(leaf)).origin.href.replace("https:", "http:"));
    await expect(get(silent)).rejects.toMatchObject({ code: "connection-lost", hint: expect.stringContaining("https") });
  });

  it.each([
    [{ caFile: "missing.pem" }, "file-missing", "missing.pem"],
    [{ caFile: "empty.pem" }, "file-unreadable", "empty.pem"],
    [{ caFile: "damaged.pem" }, "file-unreadable", "damaged.pem"],
    [{ certFile: "client.pem" }, "usage", "--key-file"],
    [{ keyFile: "client.key" }, "usage", "--cert-file"],
    [{ certFile: "client.pem", optionPrefix: "--source-" }, "usage", "--source-key-file"],
    [{ keyFile: "client.key", optionPrefix: "--source-" }, "usage", "--source-cert-file"],
    [{ certFile: "client.pem", keyFile: "leaf.key" }, "file-unreadable", "leaf.key"],
    [{ certFile: "client.pem", keyFile: "ca.pem" }, "file-unreadable", "ca.pem"],
  ])("refuses %j naming the file", (names, code, named) => {
    const tls = Object.fromEntries(Object.entries(names).map(([option, name]) => [option, option.endsWith("File") ? file(name) : name]));
    expect(() => createHttpClient({ origin: new URL("https://reg.example"), tls })).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(named) }),
    );
  });
});

describe("http or https", () => {
  it("is https for other machines and http when told so, without asking anybody", async () => {
    expect((await discoverOrigin("reg.example:5000")).href).toBe("https://reg.example:5000/");
    expect((await discoverOrigin("reg.example", { plainHttp: true })).href).toBe("http://reg.example/");
    expect((await discoverOrigin("127.0.0.1:1", { tls: { caFile: "x" } })).href).toBe("https://127.0.0.1:1/");
  });

  it("is found out for this machine, before any credential is sent", async () => {
    const plain = await serve(undefined);
    const secure = await serve(leaf);
    expect((await discoverOrigin(plain.origin.host)).href).toBe(plain.origin.href);
    expect((await discoverOrigin(secure.origin.host)).href).toBe(secure.origin.href);
    expect((await discoverOrigin(`localhost:${plain.origin.port}`)).protocol).toBe("http:");
    expect([...plain.requests, ...secure.requests].length).toBe(0);
  });

  it("is https where a server insists on a client certificate, http where it hangs up or says nothing", async () => {
    const strict = await serve({ ...leaf, ca: authority.cert, requestCert: true, rejectUnauthorized: true, maxVersion: "TLSv1.2" });
    expect((await discoverOrigin(strict.origin.host)).protocol).toBe("https:");
    const rude = await startRawServer((socket) => void socket.once("data", () => socket.end()));
    const mute = await startRawServer(() => undefined);
    closers.push(
      () => rude.close(),
      () => mute.close(),
    );
    expect((await discoverOrigin(rude.origin.host)).protocol).toBe("http:");
    expect((await discoverOrigin(mute.origin.host, { timeoutMs: 50 })).protocol).toBe("http:");
  });

  it("fails where nobody listens, and on hosts that are none", async () => {
    await expect(discoverOrigin((await unusedOrigin()).host)).rejects.toMatchObject({ code: "connection-refused" });
    for (const host of ["", "a b", "a/b", "user@host", "host:99999", "host?x"])
      await expect(discoverOrigin(host)).rejects.toMatchObject({ code: "reference-invalid" });
  });
});
