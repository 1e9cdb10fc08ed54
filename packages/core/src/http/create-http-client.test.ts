import { afterEach, describe, expect, it } from "vitest";

import { stubWorld } from "./testing/stub-world.ts";

const world = stubWorld();
const { stub, raw, client } = world;
afterEach(() => world.close());

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

async function* chunks(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield await Promise.resolve(new TextEncoder().encode(part));
}

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
    expect(http.traffic()).toEqual({
      [server.origin.host]: { requests: 2, retries: 1, bytesSent: 12, bytesReceived: 10, throttled: 1, pausedMs: expect.any(Number) },
    });
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
