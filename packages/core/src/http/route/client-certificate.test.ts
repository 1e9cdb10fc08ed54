import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import type { TlsOptions } from "../../adapter/registry-adapter.ts";
import { createHttpClient } from "../create-http-client.ts";
import { makeAuthority, makeCertificate } from "../testing/make-certificates.ts";
import { manualClock } from "../testing/manual-clock.ts";
import { startRawServer, startStubServer, type StubServer } from "../testing/start-stub-server.ts";

const authority = makeAuthority();
const leaf = makeCertificate({ authority });
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

/** A proxy that opens a tunnel to whatever it is asked for. */
async function startTunnel(): Promise<{ readonly host: string; readonly tunnels: () => number }> {
  let tunnels = 0;
  const proxy = await startRawServer((socket) => {
    socket.once("data", (head) => {
      tunnels++;
      const [, port] = /^CONNECT [^ ]*:(\d+) /.exec(head.toString()) ?? [];
      const onward = connect(Number(port), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        onward.pipe(socket).pipe(onward);
      });
      onward.on("error", () => socket.destroy());
    });
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
