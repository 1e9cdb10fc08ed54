import { afterEach, describe, expect, it } from "vitest";

import { createHttpClient, type HttpClientOptions } from "./create-http-client.ts";
import { newPatience } from "./gate/patience.ts";
import type { HttpAnswer, HttpClient } from "./http-client.ts";
import { followRedirects } from "./redirects.ts";
import { manualClock } from "./testing/manual-clock.ts";
import { startStubServer, type StubHandler, type StubServer } from "./testing/start-stub-server.ts";
import type { WireRequest } from "./wire.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function stub(handler: StubHandler): Promise<StubServer> {
  const server = await startStubServer(handler);
  closers.push(() => server.close());
  return server;
}

/** Signs in with Basic from the first request on. */
function client(origin: URL, options: Partial<HttpClientOptions> = {}): HttpClient {
  const made = createHttpClient({
    origin,
    clock: manualClock(),
    random: () => 0,
    basic: "first",
    credentials: () => Promise.resolve({ kind: "basic", username: "source-user", password: "source-secret", source: "test" }),
    ...options,
  });
  closers.push(() => made.close());
  return made;
}

const to =
  (status: number, location: string): StubHandler =>
  (_request, response) =>
    void response.writeHead(status, { location }).end("moved");
const get = { method: "GET", operation: "fetch blob" } as const;

const seen = (server: StubServer): string =>
  server.requests.map(({ headers }) => Buffer.from(String(headers["authorization"]).slice(6), "base64").toString()).join();

describe("redirects", () => {
  it.each([301, 302, 303, 307, 308])("follows %i, keeps Range, and leaves the password behind at another port", async (status) => {
    const store = await stub((_request, response) => void response.end("bytes"));
    const server = await stub(to(status, new URL("/blob?sig=1", store.origin).href));
    const answer = await client(server.origin).send({ ...get, url: server.origin, headers: { range: "bytes=2-", cookie: "a=b" } });
    expect([answer.status, answer.url.href]).toEqual([200, new URL("/blob?sig=1", store.origin).href]);
    await answer.dump();
    expect(server.requests[0]?.headers["authorization"]).toMatch(/^Basic /);
    expect(store.requests[0]?.headers).toMatchObject({ range: "bytes=2-" });
    expect([store.requests[0]?.headers["authorization"], store.requests[0]?.headers["cookie"]]).toEqual([undefined, undefined]);
  });

  it("keeps the password on the same origin", async () => {
    const server = await stub((request, response) => {
      if (request.url === "/a") response.writeHead(302, { location: "/b" });
      response.end();
    });
    await (await client(server.origin).send({ ...get, url: new URL("/a", server.origin) })).dump();
    expect(server.requests.map(({ url, headers }) => [url, headers["authorization"] !== undefined])).toEqual([
      ["/a", true],
      ["/b", true],
    ]);
  });

  it("does not take the password up again when a redirect leads back: once left stays left", async () => {
    const other = await stub(
      (_request, response) => void response.writeHead(302, { location: new URL("/home", server.origin).href }).end(),
    );
    const server: StubServer = await stub((request, response) => {
      if (request.url === "/") response.writeHead(302, { location: other.origin.href });
      response.end();
    });
    await (await client(server.origin).send({ ...get, url: server.origin })).dump();
    expect(server.requests.map(({ url, headers }) => [url, headers["authorization"] !== undefined])).toEqual([
      ["/", true],
      ["/home", false],
    ]);
    expect(other.requests[0]?.headers["authorization"]).toBeUndefined();
  });

  it.each([
    ["scheme", "http://registry.example/", "https://registry.example/"],
    ["port", "https://registry.example/", "https://registry.example:8443/"],
    ["host", "https://registry.example/", "https://store.registry.example/"],
  ])("leaves the password behind and sends no body where only the %s is another", async (_what, from, location) => {
    const sent: WireRequest[] = [];
    const exchange = (request: WireRequest): Promise<HttpAnswer> => {
      sent.push(request);
      const redirect = sent.length === 1 ? { status: 302, headers: { location } } : { status: 200, headers: {} };
      const none = { bytes: () => Promise.resolve(new Uint8Array()), async *stream() {}, dump: () => Promise.resolve() };
      return Promise.resolve({ ...redirect, url: request.url, ...none });
    };
    const headers = { Authorization: "Basic abc", range: "bytes=2-" };
    const first = { ...get, url: new URL(from), headers, attempt: 1, patience: newPatience() };
    await followRedirects({ exchange, traffic: () => ({}) }, first);
    expect(sent.map((request) => request.headers)).toEqual([headers, { range: "bytes=2-" }]);
    sent.length = 0;
    const put = followRedirects({ exchange, traffic: () => ({}) }, { ...first, method: "PUT", body: new Uint8Array(1) });
    await expect(put).rejects.toMatchObject({ code: "redirect-refused" });
  });

  it("answers no challenge of a host that it was redirected to", async () => {
    const greedy = await stub((_request, response) => void response.writeHead(401, { "www-authenticate": 'Basic realm="give"' }).end());
    const server = await stub(to(307, greedy.origin.href));
    const answer = await client(server.origin).send({ ...get, url: server.origin });
    expect([answer.status, greedy.requests.length]).toEqual([401, 1]);
    await answer.dump();
  });

  it("sends a password meant for one end never to the other, however they point at each other", async () => {
    const target: StubServer = await stub((request, response) => {
      if (request.url === "/to-source") response.writeHead(307, { location: source.origin.href });
      else if (request.headers["authorization"] === undefined) response.writeHead(401, { "www-authenticate": 'Basic realm="t"' });
      response.end();
    });
    const source: StubServer = await stub((request, response) => {
      if (request.url === "/to-target") response.writeHead(302, { location: new URL("/x", target.origin).href });
      response.end();
    });
    const fromSource = client(source.origin);
    const toTarget = client(target.origin, {
      credentials: () => Promise.resolve({ kind: "basic", username: "target-user", password: "target-secret", source: "test" }),
    });
    for (const url of [new URL("/to-target", source.origin), new URL("/direct", target.origin)])
      await (await fromSource.send({ ...get, url })).dump();
    for (const url of [new URL("/to-source", target.origin), source.origin]) await (await toTarget.send({ ...get, url })).dump();
    expect(seen(target)).not.toContain("source");
    expect(seen(source)).not.toContain("target");
    expect(seen(target)).toContain("target-user:target-secret");
    expect(seen(source)).toContain("source-user:source-secret");
  });

  it("gives up after ten redirects", async () => {
    const server = await stub((request, response) => void response.writeHead(302, { location: `${request.url}x` }).end());
    await expect(client(server.origin).send({ ...get, url: server.origin })).rejects.toMatchObject({ code: "redirect-refused" });
    expect(server.requests.length).toBe(11);
  });

  it.each(["ftp://example.com/x", "file:///etc/passwd", "http://", "javascript:alert(1)"])("refuses to go to %s", async (location) => {
    const server = await stub(to(302, location));
    await expect(client(server.origin).send({ ...get, url: server.origin })).rejects.toMatchObject({ code: "redirect-refused" });
  });

  it("drops a user name that a redirect carries", async () => {
    const store = await stub((_request, response) => void response.end());
    const server = await stub(to(302, store.origin.href.replace("//", "//user:pass@")));
    const answer = await client(server.origin).send({ ...get, url: server.origin });
    await answer.dump();
    expect(answer.url.href).toBe(store.origin.href);
    expect(store.requests[0]?.headers["authorization"]).toBeUndefined();
  });

  it("sends a body again to the same origin only", async () => {
    const other = await stub((_request, response) => void response.end());
    const server: StubServer = await stub((request, response) => {
      if (request.url === "/same") response.writeHead(307, { location: "/end" });
      if (request.url === "/other") response.writeHead(307, { location: other.origin.href });
      if (request.url === "/turned") response.writeHead(302, { location: "/end" });
      if (request.url === "/see") response.writeHead(303, { location: "/end" });
      response.end();
    });
    const http = client(server.origin);
    const put = (path: string) =>
      http.send({ method: "PUT", url: new URL(path, server.origin), body: new Uint8Array([1, 2]), operation: "push manifest" });
    expect((await put("/same")).status).toBe(200);
    expect(server.requests.at(-1)?.body).toEqual(Buffer.from([1, 2]));
    await expect(put("/other")).rejects.toMatchObject({ code: "redirect-refused" });
    await expect(put("/turned")).rejects.toMatchObject({ code: "redirect-refused" });
    await expect(put("/see")).rejects.toMatchObject({ code: "redirect-refused" });
    expect(other.requests.length).toBe(0);
  });

  it("hands the redirect itself back where the caller wants none", async () => {
    const server = await stub(to(307, "/elsewhere"));
    const answer = await client(server.origin).send({ ...get, url: server.origin, redirects: "refuse" });
    expect([answer.status, answer.headers["location"], server.requests.length]).toEqual([307, "/elsewhere", 1]);
    await answer.dump();
  });
});

/** A registry that is not of this machine by name, though the test's resolver puts it there: a public address stands first. */
async function redirected(location: string, addresses: Record<string, readonly string[]>, origin = "http://registry.example") {
  const asked: string[] = [];
  const server = await stub((_request, response) => void response.writeHead(302, { location }).end());
  const url = new URL(origin);
  url.port = server.origin.port;
  const lookup = (host: string): Promise<readonly string[]> => {
    asked.push(host);
    return Promise.resolve(addresses[host] ?? ["127.0.0.1"]);
  };
  const http = createHttpClient({ origin: url, lookup, clock: manualClock(), attempts: 1, timeouts: { connectMs: 300 } });
  closers.push(() => http.close());
  return {
    failure: await http.send({ ...get, url }).then(
      () => undefined,
      (error: unknown) => error,
    ),
    asked,
  };
}

describe("where a redirect may lead", () => {
  it.each([
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[fe80::1]/",
    "http://metadata.google.internal/",
    "http://100.100.100.200/",
    "http://0xa9fea9fe/",
    "http://224.0.0.1/",
  ])("never to %s", async (location) => {
    expect((await redirected(location, {})).failure).toMatchObject({ code: "redirect-refused" });
  });

  it("never to a name that resolves there, be it one address of many", async () => {
    const { failure, asked } = await redirected("http://nice.example/", { "nice.example": ["10.0.0.9", "169.254.169.254"] });
    expect(failure).toMatchObject({ code: "redirect-refused" });
    expect(asked).toContain("nice.example");
  });

  it("to this machine only from a registry of this machine", async () => {
    const elsewhere = { "registry.example": ["127.0.0.1", "203.0.113.7"] };
    for (const location of ["http://127.0.0.1:9/", "http://[::1]:9/", "http://localhost:9/", "http://0.0.0.0:9/"]) {
      expect((await redirected(location, elsewhere)).failure).toMatchObject({ code: "redirect-refused" });
      expect((await redirected(location, {}, "http://localhost")).failure).toMatchObject({ code: "connection-refused" });
    }
  });

  it("asks for an address once and connects to the one that was judged", async () => {
    const { asked } = await redirected("http://store.example:9/", { "store.example": ["127.0.0.1"] });
    expect(asked.filter((host) => host === "store.example")).toEqual(["store.example"]);
  });
});
