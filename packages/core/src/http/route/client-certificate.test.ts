import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createSecureServer, TLSSocket } from "node:tls";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import type { TlsOptions } from "../../adapter/registry-adapter.ts";
import type { Credential } from "../../auth/credential.ts";
import { createHttpClient } from "../create-http-client.ts";
import { makeAuthority, makeCertificate } from "../testing/make-certificates.ts";
import { manualClock } from "../testing/manual-clock.ts";
import { startRawServer, type StubHandler, startStubServer, type StubServer } from "../testing/start-stub-server.ts";

const authority = makeAuthority();
const leaf = makeCertificate({ authority });
const manyNames = makeCertificate({ authority, hosts: ["127.0.0.1", "localhost", "charts.example", "blobs.example"] });
const stranger = makeCertificate({ authority: makeAuthority("somebody else") });
let folder = "";
const file = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "chartferry-mutual-"));
  await writeFile(file("ca.pem"), authority.cert);
  for (const [name, { cert, key }] of Object.entries({ own: makeCertificate({ authority }), stranger })) {
    await writeFile(file(`${name}.pem`), cert);
    await writeFile(file(`${name}.key`), key);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

type Version = "TLSv1.2" | "TLSv1.3";

/** A server that lets nobody in without a certificate of its authority. */
async function strictServer(version: Version, certificate = leaf): Promise<StubServer> {
  const tls = { ...certificate, ca: authority.cert, requestCert: true, rejectUnauthorized: true, minVersion: version, maxVersion: version };
  const server = await startStubServer((_request, response) => void response.end("come in"), { tls });
  closers.push(() => server.close());
  return server;
}

/** Opens the tunnel that a client asks for. */
function passOn(socket: Socket): void {
  socket.once("data", (head) => {
    const [, port] = /^CONNECT [^ ]*:(\d+) /.exec(head.toString()) ?? [];
    const onward = connect(Number(port), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.pipe(socket).pipe(onward);
    });
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
  });
}

/** A proxy that opens a tunnel to whatever it is asked for. */
async function startTunnel(): Promise<{ readonly host: string; readonly tunnels: () => number }> {
  let tunnels = 0;
  const proxy = await startRawServer((socket) => {
    tunnels++;
    passOn(socket);
  });
  closers.push(() => proxy.close());
  return { host: proxy.origin.host, tunnels: () => tunnels };
}

async function get(origin: URL, tls: TlsOptions, environment = {}): Promise<string> {
  const http = createHttpClient({ origin, tls: { caFile: file("ca.pem"), ...tls }, environment, clock: manualClock(), attempts: 2 });
  closers.push(() => http.close());
  const answer = await http.send({ method: "GET", url: origin, operation: "test" });
  return new TextDecoder().decode(await answer.bytes(1000));
}

const identity = (name: string): TlsOptions => ({ certFile: file(`${name}.pem`), keyFile: file(`${name}.key`) });
const versions: readonly Version[] = ["TLSv1.2", "TLSv1.3"];
const bothEnds = /--cert-file and --key-file \(for a source: --source-cert-file and --source-key-file\)/;

describe.each(versions)("a server that wants a client certificate, under %s", (version) => {
  it("lets one of its authority in", async () => {
    const server = await strictServer(version);
    expect(await get(server.origin, identity("own"))).toBe("come in");
  });

  it("is known when none is given, is not asked again, and the options of both ends are named", async () => {
    const server = await strictServer(version);
    const failure = { code: "tls", retryable: false, hint: expect.stringMatching(bothEnds) };
    await expect(get(server.origin, {})).rejects.toMatchObject(failure);
    expect(server.connections()).toBe(1);
  });

  it("is known in the same way through a tunnel", async () => {
    const server = await strictServer(version, makeCertificate({ authority, hosts: ["charts.example"] }));
    const proxy = await startTunnel();
    const failure = { code: "tls", retryable: false, hint: expect.stringMatching(bothEnds) };
    const origin = new URL(`https://charts.example:${server.origin.port}`);
    await expect(get(origin, {}, { https_proxy: proxy.host })).rejects.toMatchObject(failure);
    expect(proxy.tunnels()).toBe(1);
  });

  it("may hang up on a stranger's without a word: the options are named all the same", async () => {
    const server = await strictServer(version);
    const failure = { code: "connection-lost", hint: expect.stringMatching(bothEnds) };
    await expect(get(server.origin, identity("stranger"))).rejects.toMatchObject(failure);
  });
});

/** A server that asks for a certificate and lets everybody in; whether it was shown one, for each request. */
async function curiousServer(handler: StubHandler): Promise<StubServer & { readonly shown: readonly boolean[] }> {
  const shown: boolean[] = [];
  const tls = { ...manyNames, ca: authority.cert, requestCert: true, rejectUnauthorized: false };
  const listener: StubHandler = (request, response, raw) => {
    shown.push(raw.socket instanceof TLSSocket && Object.keys(raw.socket.getPeerCertificate()).length > 0);
    return handler(request, response, raw);
  };
  const server = await startStubServer(listener, { tls });
  closers.push(() => server.close());
  return { ...server, shown };
}

const at = (host: string, { origin }: StubServer): URL => new URL(`https://${host}:${origin.port}/`);
const to = (url: URL): StubHandler => {
  return (_request, response) => void response.writeHead(307, { location: url.href }).end();
};
const lookup = (): Promise<string[]> => Promise.resolve(["127.0.0.1"]);
const credentials = (): Promise<Credential> => Promise.resolve({ kind: "basic", username: "me", password: "pass-word", source: "test" });

async function getOwn(url: URL, environment = {}): Promise<number> {
  const tls = { caFile: file("ca.pem"), ...identity("own") };
  const http = createHttpClient({ origin: url, tls, environment, clock: manualClock(), attempts: 1, lookup, credentials });
  closers.push(() => http.close());
  const answer = await http.send({ method: "GET", url, operation: "test" });
  await answer.dump();
  return answer.status;
}

describe("the client certificate", () => {
  it("is shown to the host that the user named, and not where that one redirects to", async () => {
    const other = await curiousServer((_request, response) => void response.end());
    const own = await curiousServer(to(other.origin));
    expect(await getOwn(at("localhost", own))).toBe(200);
    expect([own.shown, other.shown]).toEqual([[true], [false]]);
  });

  it("is not shown to a token service on another host", async () => {
    const tokens = await curiousServer((_request, response) => void response.end('{"token":"t"}'));
    const own = await curiousServer((request, response) => {
      if (request.headers["authorization"] === undefined)
        response.writeHead(401, { "www-authenticate": `Bearer realm="${tokens.origin.href}"` });
      response.end();
    });
    expect(await getOwn(at("localhost", own))).toBe(200);
    expect([own.shown, tokens.shown]).toEqual([[true, true], [false]]);
  });

  it("is not shown to a proxy, nor through its tunnel to another host", async () => {
    const other = await curiousServer((_request, response) => void response.end());
    const own = await curiousServer(to(at("blobs.example", other)));
    const shown: boolean[] = [];
    const proxy = createSecureServer({ ...leaf, ca: authority.cert, requestCert: true, rejectUnauthorized: false }, (socket) => {
      shown.push(Object.keys(socket.getPeerCertificate()).length > 0);
      passOn(socket);
    });
    await new Promise<void>((resolve) => void proxy.listen(0, "127.0.0.1", resolve));
    closers.push(() => new Promise((resolve) => void proxy.close(() => resolve())));
    const address = proxy.address();
    const port = typeof address === "object" ? address?.port : undefined;
    expect(await getOwn(at("charts.example", own), { https_proxy: `https://localhost:${port}` })).toBe(200);
    expect([own.shown, other.shown, shown]).toEqual([[true], [false], [false, false]]);
  });
});
