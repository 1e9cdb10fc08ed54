import { getEventListeners } from "node:events";
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";

import Pool from "undici/lib/dispatcher/pool.js";
import { afterEach, describe, expect, it } from "vitest";

import { dispatchRequest } from "./dispatch-request.ts";
import { stubWorld } from "./testing/stub-world.ts";

const { stub, client, close } = stubWorld();
afterEach(close);

const get = { method: "GET", operation: "test" } as const;

describe("an abort", () => {
  it("ends requests at once that wait behind another one for its connection, and they are never sent", async () => {
    const held: ServerResponse[] = [];
    const server = await stub((request, response) => {
      if (request.url === "/first") held.push(response);
      else response.end("ok");
    });
    const http = client(server.origin, { connections: 1 });
    const first = http.send({ ...get, url: new URL("/first", server.origin) });
    await expect.poll(() => server.requests.length).toBe(1);
    const stopping = new AbortController();
    const opened: string[] = [];
    const body = {
      size: 3,
      async *open() {
        opened.push("body");
        yield await Promise.resolve(Buffer.from("abc"));
      },
    };
    const { signal } = stopping;
    const waiting = [
      http.send({ ...get, url: new URL("/second", server.origin), signal }),
      http.send({ ...get, method: "PUT", url: new URL("/second", server.origin), body, signal }),
    ];
    await new Promise((resolve) => setImmediate(resolve));
    stopping.abort();
    for (const one of waiting) await expect(one).rejects.toMatchObject({ code: "aborted" });
    expect(getEventListeners(signal, "abort")).toEqual([]);
    held[0]?.end("late");
    await (await first).dump();
    await (await http.send({ ...get, url: new URL("/third", server.origin) })).dump();
    expect(server.requests.map(({ url }) => url)).toEqual(["/first", "/third"]);
    expect(opened).toEqual([]);
  });
});

describe("a request that was aborted before it could be handed on", () => {
  it("does not wait in line for its connection either, and its body is let go", async () => {
    const held: ServerResponse[] = [];
    const server = await stub((_request, response) => void held.push(response));
    const pool = new Pool(server.origin.href, { connections: 1 });
    const request = { origin: server.origin.origin, path: "/", method: "GET" } as const;
    const first = dispatchRequest(pool, request, undefined);
    await expect.poll(() => held.length).toBe(1);
    const body = Readable.from(["abc"]);
    const aborted = AbortSignal.abort(new Error("meanwhile"));
    await expect(dispatchRequest(pool, { ...request, method: "PUT", body }, aborted)).rejects.toThrow("meanwhile");
    expect(body.destroyed).toBe(true);
    held[0]?.end();
    expect((await first).status).toBe(200);
    await pool.destroy();
    expect(server.requests).toHaveLength(1);
  });
});

describe("a signal that lives longer than its requests", () => {
  it("is left without listeners by those that waited for a sign-in", async () => {
    const server = await stub((_request, response) => void response.end("ok"));
    const http = client(server.origin, {
      basic: "first",
      credentials: () => Promise.resolve({ kind: "basic", username: "u", password: "pass-word", source: "test" }),
    });
    const { signal } = new AbortController();
    await (await http.send({ ...get, url: server.origin, signal })).bytes(10);
    expect(server.requests[0]?.headers["authorization"]).toMatch(/^Basic /);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("is left without listeners by those that were answered, and by those that broke", async () => {
    const server = await stub((request, response) => {
      if (request.url === "/broken") response.destroy();
      else response.end("ok");
    });
    const http = client(server.origin, { attempts: 1 });
    const { signal } = new AbortController();
    await (await http.send({ ...get, url: server.origin, signal })).bytes(10);
    expect(getEventListeners(signal, "abort")).toEqual([]);
    await expect(http.send({ ...get, url: new URL("/broken", server.origin), signal })).rejects.toMatchObject({ code: "connection-lost" });
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});
