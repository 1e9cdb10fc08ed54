import { afterEach, describe, expect, it } from "vitest";

import { createHttpClient, type HttpClientOptions } from "./create-http-client.ts";
import type { HttpClient } from "./http-client.ts";
import { manualClock } from "./testing/manual-clock.ts";
import { startRawServer, startStubServer, type StubHandler, type StubServer, unusedOrigin } from "./testing/start-stub-server.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function stub(handler: StubHandler): Promise<StubServer> {
  const server = await startStubServer(handler);
  closers.push(() => server.close());
  return server;
}

async function raw(...args: Parameters<typeof startRawServer>): Promise<StubServer> {
  const server = await startRawServer(...args);
  closers.push(() => server.close());
  return server;
}

function client(origin: URL, options: Partial<HttpClientOptions> = {}): HttpClient {
  const made = createHttpClient({ origin, clock: manualClock(), random: () => 0, ...options });
  closers.push(() => made.close());
  return made;
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

async function* chunks(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield await Promise.resolve(new TextEncoder().encode(part));
}

const noSuchHost = (): Promise<never> => Promise.reject(Object.assign(new Error("no such host"), { code: "ENOTFOUND" }));

describe("one request", () => {
  it("sends method, path, query, headers, body and our name, and reads status, headers and body", async () => {
    const server = await stub((_request, response) => {
      response.writeHead(201, { "x-one": ["a", "b"], location: "/there" });
      response.end("done");
    });
    const answer = await client(server.origin).send({
      method: "PUT",
      url: new URL("/v2/a?digest=sha256:1", server.origin),
      headers: { "content-type": "text/plain" },
      body: new TextEncoder().encode("hello"),
      operation: "push blob",
    });
    expect([answer.status, answer.headers["x-one"], answer.headers["location"], text(await answer.bytes(100))]).toEqual([
      201,
      "a, b",
      "/there",
      "done",
    ]);
    const [seen] = server.requests;
    expect([seen?.method, seen?.url, seen?.headers["content-length"], seen?.body.toString()]).toEqual([
      "PUT",
      "/v2/a?digest=sha256:1",
      "5",
      "hello",
    ]);
    expect(seen?.headers["user-agent"]).toMatch(/^chartferry\/\d+\.\d+\.\d+/);
  });

  it("keeps its connections also after HEAD: 30 mixed requests do with two", async () => {
    const server = await stub((request, response) => {
      response.writeHead(200, { "content-length": request.method === "HEAD" ? "1234" : "2" });
      response.end(request.method === "HEAD" ? undefined : "ok");
    });
    const http = client(server.origin, { connections: 4 });
    for (let round = 0; round < 10; round++) {
      for (const method of ["HEAD", "GET", "POST"] as const)
        await (await http.send({ method, url: server.origin, operation: "test" })).dump();
    }
    expect(server.requests.length).toBe(30);
    // undici takes a second connection while the first one is being made ready again.
    expect(server.connections()).toBeLessThanOrEqual(2);
  });

  it("opens no more connections to one origin than allowed", async () => {
    const server = await stub((_request, response) => void response.end("ok"));
    const http = client(server.origin, { connections: 3 });
    await Promise.all(
      Array.from({ length: 60 }, async () => (await http.send({ method: "GET", url: server.origin, operation: "test" })).dump()),
    );
    expect(server.connections()).toBe(3);
  });

  it("closes after HEAD for a server that wrongly sends a body there, and gets its answers all the same", async () => {
    const heads: string[] = [];
    const server = await raw((socket) => {
      socket.on("data", (data) => {
        const head = data.toString().startsWith("HEAD");
        if (head) heads.push(/connection: (\S+)/i.exec(data.toString())?.[1] ?? "");
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: keep-alive\r\n\r\n${head ? "junk" : "good"}`);
      });
    });
    const http = client(server.origin, { connections: 1 });
    for (let round = 0; round < 4; round++) {
      const head = await http.send({ method: "HEAD", url: server.origin, operation: "test" });
      expect(head.status).toBe(200);
      await head.dump();
      expect(text(await (await http.send({ method: "GET", url: server.origin, operation: "test" })).bytes(10))).toBe("good");
    }
    expect([heads[0], heads.at(-1)]).toEqual(["keep-alive", "close"]);
  });

  it("counts requests, retries and body bytes by host", async () => {
    let turn = 0;
    const server = await stub((_request, response) => {
      turn += 1;
      response.writeHead(turn === 1 ? 503 : 200);
      response.end("12345");
    });
    const http = client(server.origin);
    const body = { size: 6, open: () => chunks("abc", "def") };
    await (await http.send({ method: "PUT", url: server.origin, body, operation: "test" })).bytes(10);
    expect(http.traffic()).toEqual({ [server.origin.host]: { requests: 2, retries: 1, bytesSent: 12, bytesReceived: 10 } });
    expect(server.requests.map((request) => request.body.toString())).toEqual(["abcdef", "abcdef"]);
  });

  it("sends a large body in pieces, whole", async () => {
    const server = await stub((request, response) => void response.end(String(request.body.length)));
    const body = new Uint8Array(5 * 1024 * 1024).fill(7);
    const answer = await client(server.origin).send({ method: "PUT", url: server.origin, body, operation: "test" });
    expect(text(await answer.bytes(100))).toBe(String(body.length));
    expect(server.requests[0]?.body.every((byte) => byte === 7)).toBe(true);
  });

  it("refuses a body that is longer or shorter than it said", async () => {
    const server = await stub((_request, response) => void response.end());
    const http = client(server.origin);
    for (const size of [2, 9]) {
      const sending = http.send({ method: "PUT", url: server.origin, body: { size, open: () => chunks("abc", "def") }, operation: "test" });
      await expect(sending).rejects.toMatchObject({ code: "size-mismatch" });
    }
  });

  it("stops at the limit of a body, whether it is declared or streams on for ever", async () => {
    const server = await stub((request, response) => {
      if (request.url === "/declared") response.setHeader("content-length", 5000);
      response.write("x".repeat(1000));
      const more = setInterval(() => response.write("x".repeat(1000)), 1);
      response.on("close", () => clearInterval(more));
    });
    for (const path of ["/declared", "/endless"]) {
      const answer = await client(server.origin).send({ method: "GET", url: new URL(path, server.origin), operation: "read index" });
      await expect(answer.bytes(3000)).rejects.toMatchObject({ code: "too-large", operation: "read index" });
    }
  });
});

describe("broken connections", () => {
  const broken: readonly (readonly [string, string, string])[] = [
    ["before any byte", "", "connection-lost"],
    ["in the middle of the headers", "HTTP/1.1 200 OK\r\ncontent-le", "connection-lost"],
  ];
  it.each(broken)("repeats a request whose connection ends %s", async (_when, sent, code) => {
    let turn = 0;
    const server = await raw((socket) => {
      socket.once("data", () => {
        turn += 1;
        if (turn < 3) socket.end(sent);
        else socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
      });
    });
    expect(text(await (await client(server.origin).send({ method: "GET", url: server.origin, operation: "test" })).bytes(9))).toBe("ok");
    turn = 0;
    const once = client(server.origin).send({ method: "GET", url: server.origin, operation: "test", retry: "once" });
    await expect(once).rejects.toMatchObject({ code, retryable: true, registry: server.origin.host });
    expect(turn).toBe(1);
  });

  it("repeats after a reset", async () => {
    let turn = 0;
    const server = await raw((socket) => {
      socket.once("data", () => {
        turn += 1;
        if (turn < 3) socket.resetAndDestroy();
        else socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
      });
    });
    expect(text(await (await client(server.origin).send({ method: "GET", url: server.origin, operation: "test" })).bytes(9))).toBe("ok");
  });

  const truncated: readonly (readonly [string, string])[] = [
    ["by length", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this"],
    ["by chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nonly\r\n"],
  ];
  it.each(truncated)("takes no truncated body for a whole one (%s)", async (_how, sent) => {
    const server = await raw((socket) => {
      socket.once("data", () => socket.end(sent));
    });
    const answer = await client(server.origin).send({ method: "GET", url: server.origin, operation: "fetch blob" });
    await expect(answer.bytes(1000)).rejects.toMatchObject({ code: "connection-lost", retryable: true, operation: "fetch blob" });
  });

  it("gives up on a server that accepts and says nothing, and on a body that stalls", async () => {
    const server = await raw((socket) => {
      socket.once("data", (data) => {
        if (data.toString().startsWith("GET /stalls")) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nstart");
      });
    });
    const http = client(server.origin, { timeouts: { headersMs: 60, bodyIdleMs: 60 }, attempts: 2 });
    await expect(http.send({ method: "GET", url: server.origin, operation: "test" })).rejects.toMatchObject({
      code: "timeout",
      retryable: true,
    });
    const answer = await http.send({ method: "GET", url: new URL("/stalls", server.origin), operation: "test" });
    await expect(answer.bytes(1000)).rejects.toMatchObject({ code: "timeout", retryable: true });
  });

  it("refuses a header bomb and an answer that is no http", async () => {
    const bomb = await raw((socket) => {
      socket.once("data", () => socket.write(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(100_000)}`));
    });
    await expect(client(bomb.origin).send({ method: "GET", url: bomb.origin, operation: "test" })).rejects.toMatchObject({
      code: "protocol-violation",
    });
    const junk = await raw((socket) => {
      socket.once("data", () => socket.end("220 mail.example.com ESMTP\r\n"));
    });
    await expect(client(junk.origin).send({ method: "GET", url: junk.origin, operation: "test" })).rejects.toMatchObject({
      code: "protocol-violation",
    });
  });

  it("tells refused connections and unknown hosts apart, without repeating them", async () => {
    const nobody = await unusedOrigin();
    const clock = manualClock();
    await expect(client(nobody, { clock }).send({ method: "GET", url: nobody, operation: "test" })).rejects.toMatchObject({
      code: "connection-refused",
      retryable: false,
    });
    const unknown = new URL("http://registry.invalid/");
    await expect(
      client(unknown, { lookup: noSuchHost, clock }).send({ method: "GET", url: unknown, operation: "test" }),
    ).rejects.toMatchObject({
      code: "host-not-found",
    });
    expect(clock.sleeps).toEqual([]);
  });

  it("stops when it is told to: before, while waiting for the answer, and in the body", async () => {
    const server = await stub((request, response) => {
      if (request.url === "/body") response.write("some");
    });
    const http = client(server.origin);
    await expect(http.send({ method: "GET", url: server.origin, operation: "test", signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "aborted",
    });
    const waiting = new AbortController();
    const sending = http.send({ method: "GET", url: server.origin, operation: "test", signal: waiting.signal });
    setTimeout(() => waiting.abort(), 20);
    await expect(sending).rejects.toMatchObject({ code: "aborted", operation: "test" });
    const reading = new AbortController();
    const answer = await http.send({ method: "GET", url: new URL("/body", server.origin), operation: "test", signal: reading.signal });
    const body = answer.bytes(1000);
    reading.abort();
    await expect(body).rejects.toMatchObject({ code: "aborted" });
  });
});
