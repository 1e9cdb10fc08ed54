import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { createServer } from "node:http";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, describe, expect, it } from "vitest";

import { chooseProxy } from "./choose-proxy.ts";
import { createHttpClient } from "../create-http-client.ts";
import { networkError } from "../network-error.ts";
import { makeAuthority, makeCertificate } from "../testing/make-certificates.ts";
import { manualClock } from "../testing/manual-clock.ts";
import { startStubServer } from "../testing/start-stub-server.ts";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A proxy that sends everything to one port of this machine, whatever host was asked for. */
async function startProxy(port: string, options: { readonly refuse?: number } = {}) {
  const seen: { line: string; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    seen.push({ line: `${request.method} ${request.url}`, authorization: request.headers["proxy-authorization"] });
    response.writeHead(options.refuse ?? 200).end("by proxy");
  });
  const tunnels = new Set<Duplex>();
  server.on("connect", (request, socket) => {
    tunnels.add(socket);
    seen.push({ line: `CONNECT ${request.url}`, authorization: request.headers["proxy-authorization"] });
    socket.on("error", () => undefined);
    if (options.refuse !== undefined) {
      socket.end(`HTTP/1.1 ${options.refuse} No\r\n\r\n`);
      return;
    }
    const onward = connect(Number(port), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.pipe(socket).pipe(onward);
    });
    onward.on("error", () => socket.destroy());
    closers.push(() => Promise.resolve(onward.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    for (const socket of tunnels) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return { host: `127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`, seen };
}

function client(origin: string, environment: Record<string, string>, { attempts = 1, tls = {} } = {}) {
  const lines: string[] = [];
  const http = createHttpClient({
    origin: new URL(origin),
    environment,
    tls,
    clock: manualClock(),
    attempts,
    debug: (line) => lines.push(line),
  });
  closers.push(() => http.close());
  const send = () => http.send({ method: "GET", url: new URL("/x?y=1", origin), operation: "test" });
  return { send, lines };
}

describe("proxies", () => {
  it("get plain requests in absolute form, with their own password", async () => {
    const proxy = await startProxy("0");
    const { send, lines } = client("http://charts.example", { HTTP_PROXY: `http://me:s%40cret@${proxy.host}` });
    const answer = await send();
    expect(new TextDecoder().decode(await answer.bytes(100))).toBe("by proxy");
    expect(proxy.seen).toEqual([
      { line: "GET http://charts.example/x?y=1", authorization: `Basic ${Buffer.from("me:s@cret").toString("base64")}` },
    ]);
    expect(lines.join()).not.toMatch(/s@cret|s%40cret|Basic/);
  });

  it("get a tunnel for https, and never see what is inside", async () => {
    const folder = await mkdtemp(join(tmpdir(), "chartferry-proxy-"));
    closers.push(() => rm(folder, { recursive: true }));
    const authority = makeAuthority();
    await writeFile(join(folder, "ca.pem"), authority.cert);
    const server = await startStubServer((_request, response) => void response.end("inside"), {
      tls: makeCertificate({ authority, hosts: ["charts.example"] }),
    });
    closers.push(() => server.close());
    const proxy = await startProxy(server.origin.port);
    const { send } = client(
      "https://charts.example",
      { https_proxy: `me:secret@${proxy.host}` },
      { tls: { caFile: join(folder, "ca.pem") } },
    );
    for (let round = 0; round < 2; round++) expect(new TextDecoder().decode(await (await send()).bytes(100))).toBe("inside");
    expect(proxy.seen[0]).toEqual({
      line: "CONNECT charts.example:443",
      authorization: `Basic ${Buffer.from("me:secret").toString("base64")}`,
    });
    expect(server.requests[0]?.headers["proxy-authorization"]).toBeUndefined();
  });

  it.each([
    [407, "https", "HTTPS_PROXY", "proxy-refused", "HTTPS_PROXY: http://USER:PASSWORD@"],
    [407, "http", "http_proxy", "proxy-refused", "http_proxy: http://USER:PASSWORD@"],
    [403, "https", "https_proxy", "proxy-refused", "NO_PROXY"],
  ])("that answer %i over %s are named with the variable %s, without their password", async (...[refuse, scheme, variable, code, hint]) => {
    const proxy = await startProxy("0", { refuse });
    const { send } = client(`${scheme}://charts.example`, { [variable]: `http://me:secret@${proxy.host}` });
    const failure: unknown = await send().catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code,
      retryable: false,
      registry: "charts.example",
      message: expect.stringContaining(`the proxy ${proxy.host} (from ${variable})`),
      hint: expect.stringContaining(hint),
    });
    expect(JSON.stringify(failure) + String(failure)).not.toContain("me:secret");
  });
});

describe("a proxy that cannot reach the registry", () => {
  it("is asked once where nobody has answered before, and named with its variable", async () => {
    const proxy = await startProxy("0", { refuse: 502 });
    const { send } = client("https://charts.example", { HTTPS_PROXY: proxy.host }, { attempts: 3 });
    await expect(send()).rejects.toMatchObject({
      code: "connection-refused",
      retryable: false,
      message: expect.stringContaining(`the proxy ${proxy.host} (from HTTPS_PROXY) cannot reach charts.example`),
      hint: expect.stringContaining("NO_PROXY"),
    });
    expect(proxy.seen).toHaveLength(1);
  });

  it("any more is asked again: it, or what is behind it, may be starting anew", () => {
    const proxy = { host: "proxy.example:3128", variable: "HTTPS_PROXY" };
    const failure = new Error("Proxy response (503) !== 200 when HTTP Tunneling");
    const context = { operation: "push blob", url: new URL("https://charts.example"), proxy };
    expect(networkError(failure, { ...context, answered: true })).toMatchObject({ code: "unavailable", retryable: true });
    expect(networkError(failure, context)).toMatchObject({ code: "connection-refused", retryable: false });
  });
});

describe("which proxy", () => {
  const environment = {
    HTTPS_PROXY: "http://secure:1",
    http_proxy: "plain:2",
    NO_PROXY: "internal.example, .dotted.example ,*.starred.example,10.0.0.0/8,192.168.1.5,fd00::/8,ported.example:8443,[2001:db8::1]:5000",
  };
  it.each([
    ["https://reg.example/", "secure:1"],
    ["http://reg.example/", "plain:2"],
    ["https://localhost:5000/", undefined],
    ["http://127.0.0.1/", undefined],
    ["http://[::1]:80/", undefined],
    ["http://169.254.169.254/metadata", undefined],
    ["http://169.254.170.2/", undefined],
    ["http://[fd00:ec2::254]/", undefined],
    ["https://internal.example/", undefined],
    ["https://a.Internal.Example./", undefined],
    ["https://notinternal.example/", "secure:1"],
    ["https://dotted.example/", "secure:1"],
    ["https://a.dotted.example/", undefined],
    ["https://a.starred.example/", undefined],
    ["https://starred.example/", "secure:1"],
    ["https://10.1.2.3/", undefined],
    ["https://11.1.2.3/", "secure:1"],
    ["https://192.168.1.5:9/", undefined],
    ["https://[fd12::1]/", undefined],
    ["https://ported.example:8443/", undefined],
    ["https://ported.example/", "secure:1"],
    ["https://[2001:db8:0::1]:5000/", undefined],
    ["https://[2001:db8::1]:5001/", "secure:1"],
  ])("for %s is %s", (url, expected) => {
    expect(chooseProxy(new URL(url), environment)?.url.host).toBe(expected);
  });

  it("is none with NO_PROXY=*, without variables, or where a web server set HTTP_PROXY from a request", () => {
    expect(chooseProxy(new URL("https://a.example"), { HTTPS_PROXY: "p:1", NO_PROXY: "*" })).toBeUndefined();
    expect(chooseProxy(new URL("https://a.example"), {})).toBeUndefined();
    expect(chooseProxy(new URL("http://a.example"), { HTTP_PROXY: "p:1", REQUEST_METHOD: "GET" })).toBeUndefined();
  });

  it("is upper case before lower", () => {
    expect(chooseProxy(new URL("https://a.example"), { HTTPS_PROXY: "upper:1", https_proxy: "lower:1" })?.url.host).toBe("upper:1");
  });

  it.each(["socks5://me:secret@p:1", "http://me:secret@p:notaport"])("says what is wrong with %s, not what it holds", (value) => {
    expect(() => chooseProxy(new URL("https://a.example"), { HTTPS_PROXY: value })).toThrow(
      expect.objectContaining({ code: "usage", message: expect.not.stringContaining("secret") }),
    );
  });
});
