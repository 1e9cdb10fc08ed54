import { afterEach, describe, expect, it } from "vitest";

import type { HttpAnswer } from "./http-client.ts";
import { manualClock } from "./testing/manual-clock.ts";
import { unusedOrigin } from "./testing/start-stub-server.ts";
import { stubWorld } from "./testing/stub-world.ts";

const world = stubWorld();
const { stub, raw, client } = world;
afterEach(() => world.close());

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const noSuchHost = (): Promise<never> => Promise.reject(Object.assign(new Error("no such host"), { code: "ENOTFOUND" }));

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
    const once = client(server.origin).send({ method: "GET", url: server.origin, operation: "test", repeats: "probe" });
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

  it.each(truncated)("repeats a request whose body must be whole and is not (%s)", async (_how, sent) => {
    let turn = 0;
    const server = await raw((socket) => {
      socket.once("data", () => {
        turn += 1;
        socket.end(turn < 3 ? sent : "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
      });
    });
    const request = { method: "GET", url: server.origin, operation: "list tags", wholeBytes: 1000 } as const;
    const answer = await client(server.origin).send(request);
    expect([text(await answer.bytes(1000)), turn]).toEqual(["ok", 3]);
    await expect(client(server.origin).send({ ...request, wholeBytes: 1 })).rejects.toMatchObject({ code: "too-large" });
    turn = -10;
    await expect(client(server.origin).send(request)).rejects.toMatchObject({ code: "connection-lost" });
    expect(turn).toBe(-5);
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

  it("asks a server that never said anything for two minutes, and one that has answered as often as any other", async () => {
    const clock = manualClock();
    let asked = 0;
    const server = await raw((socket) => {
      socket.on("data", (data) => {
        if (data.toString().startsWith("GET /speaks")) {
          socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
          return;
        }
        asked++;
        clock.advance(60_000);
      });
    });
    const http = client(server.origin, { timeouts: { headersMs: 30 }, attempts: 4, clock });
    const ask = (path: string): Promise<HttpAnswer> =>
      http.send({ method: "GET", url: new URL(path, server.origin), operation: "test", wholeBytes: 10 });
    await expect(ask("/mute")).rejects.toMatchObject({ code: "timeout" });
    expect(asked).toBe(2);
    expect((await ask("/speaks")).status).toBe(200);
    await expect(ask("/mute")).rejects.toMatchObject({ code: "timeout" });
    expect(asked).toBe(2 + 4);
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
