import { mkdtemp, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { afterEach, describe, expect, it } from "vitest";

import { createHttpClient } from "./create-http-client.ts";
import type { HttpRequest } from "./http-client.ts";
import { fetchIndex } from "../source/fetch-index.ts";
import { failureOf } from "../source/testing/classic-repository.ts";
import { manualClock } from "./testing/manual-clock.ts";
import { stubWorld } from "./testing/stub-world.ts";

const world = stubWorld();
const { raw } = world;
afterEach(() => world.close());

const head = 'HTTP/1.1 200 OK\r\netag: "a"\r\ntransfer-encoding: chunked\r\n\r\n';

/** Sends that again and again for as long as somebody listens. */
function drip(socket: Socket, text: string): void {
  const timer = setInterval(() => socket.write(text), 1);
  socket.on("close", () => clearInterval(timer));
}

/** Byte by byte, without an end; how many of its answers were left by us. */
async function drippingServer() {
  const seen = { requests: 0, left: 0 };
  const server = await raw((socket) => {
    socket.on("close", () => (seen.left += 1));
    socket.once("data", () => {
      seen.requests += 1;
      socket.write(head);
      drip(socket, "1\r\na\r\n");
    });
  });
  return { origin: server.origin, seen };
}

/** A client for whom every look at its clock is five seconds later: so between two bytes. */
function clientOf(origin: URL, told: string[] = []) {
  const clock = manualClock();
  const now = (): number => {
    clock.advance(5000);
    return clock.now();
  };
  const onPause = ({ reason }: { readonly reason: string }): void => void told.push(reason);
  const http = createHttpClient({ origin, clock: { now, sleep: (...sleep) => clock.sleep(...sleep) }, random: () => 0, onPause });
  const get = (request: Partial<HttpRequest> = {}) => http.send({ method: "GET", url: origin, operation: "test", ...request });
  return { http, get };
}

const tooSlow = {
  code: "timeout",
  retryable: true,
  operation: "test",
  message: expect.stringMatching(/ answers too slowly: \d+ bytes in 6\d s$/),
};

describe("a server that answers byte by byte", () => {
  it("is given up by whoever reads, and its connection is closed", async () => {
    const { origin, seen } = await drippingServer();
    const { http, get } = clientOf(origin);
    await expect((await get()).bytes(1e9)).rejects.toMatchObject({ ...tooSlow, registry: origin.host });
    await expect(readAll((await get()).stream())).rejects.toMatchObject(tooSlow);
    await expect((await get()).dump()).resolves.toBeUndefined();
    for (let wait = 0; wait < 100 && seen.left < 3; wait++) await delay(5);
    expect(seen).toEqual({ requests: 3, left: 3 });
    await http.close();
  });

  it("is asked five times where the answer is read as a whole, and whoever watches is told why", async () => {
    const { origin, seen } = await drippingServer();
    const told: string[] = [];
    const { http, get } = clientOf(origin, told);
    await expect(get({ wholeBytes: 1e9 })).rejects.toMatchObject(tooSlow);
    expect(seen.requests).toBe(5);
    expect(told[0]).toMatch(/answers too slowly: \d+ bytes in 6\d s, trying again \(2 of 5\)$/);
    await http.close();
  });

  it("and has an index is given up as one that breaks off: five times with next to nothing in between", async () => {
    const directory = await mkdtemp(join(tmpdir(), "chartferry-test-"));
    const { origin, seen } = await drippingServer();
    const { http } = clientOf(origin);
    const error = await failureOf(fetchIndex(origin, { http, limit: 1e9, directory }));
    expect(error).toMatchObject({ code: "index-truncated", cause: { code: "timeout", message: expect.stringContaining("too slowly") } });
    expect(seen.requests).toBe(5);
    await http.close();
    await rm(directory, { recursive: true });
  });
});

describe("a server that does not come to its answer", () => {
  it("has been heard once it answers, and is then asked as often as any other", async () => {
    const clock = manualClock();
    let asked = 0;
    const server = await raw((socket) => {
      socket.once("data", () => {
        clock.advance(60_000);
        if (++asked === 1) return;
        socket.end(`HTTP/1.1 ${asked < 5 ? "500 Oops" : "200 OK"}\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok`);
      });
    });
    const http = world.client(server.origin, { clock, timeouts: { headersMs: 100 } });
    expect((await http.send({ method: "GET", url: server.origin, operation: "test" })).status).toBe(200);
    expect(asked).toBe(5);
  });

  it("is not waited for while it sends one interim answer after another", async () => {
    const server = await raw((socket) => drip(socket, "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"));
    const http = world.client(server.origin, { attempts: 1 });
    const asked = http.send({ method: "GET", url: server.origin, operation: "test" });
    await expect(asked).rejects.toMatchObject({ code: "timeout", message: expect.stringContaining("did not answer in time") });
  });

  it("is heard after a few of them", async () => {
    const interim = "HTTP/1.1 102 Processing\r\n\r\n".repeat(5);
    const server = await raw(
      (socket) => void socket.once("data", () => socket.end(`${interim}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok`)),
    );
    const http = world.client(server.origin, { attempts: 1 });
    expect((await http.send({ method: "GET", url: server.origin, operation: "test" })).status).toBe(200);
  });

  it("takes a body byte by byte is no better than one that takes nothing", async () => {
    const server = await raw((socket) => {
      socket.pause();
      const timer = setInterval(() => socket.read(1), 5);
      socket.on("close", () => clearInterval(timer));
    });
    const http = world.client(server.origin, { attempts: 1, timeouts: { headersMs: 200 } });
    const body = { size: 1e9, open: endless };
    const asked = http.send({ method: "PUT", url: server.origin, operation: "test", body });
    await expect(asked).rejects.toMatchObject({ code: "timeout", retryable: true });
  });
});

async function readAll(pieces: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of pieces) expect(piece.byteLength).toBeGreaterThan(0);
}

async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) yield new Uint8Array(64 * 1024);
}
