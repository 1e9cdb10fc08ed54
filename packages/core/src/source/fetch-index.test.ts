import { readdirSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { afterEach, beforeEach, expect, it } from "vitest";

import { createHttpClient } from "../http/create-http-client.ts";
import { manualClock } from "../http/testing/manual-clock.ts";
import type { SeenRequest, StubHandler, StubServer } from "../http/testing/start-stub-server.ts";
import { startStubServer } from "../http/testing/start-stub-server.ts";
import { fetchIndex } from "./fetch-index.ts";
import { failureOf } from "./testing/classic-repository.ts";

const index = Buffer.from("0123456789".repeat(5_000));
let server: StubServer;
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "chartferry-test-"));
});
afterEach(async () => {
  await server.close();
  await rm(directory, { recursive: true });
});

/** Fetches from a server whose n-th answer is `answers[n]` (the last one ever after). */
async function fetchFrom(answers: StubHandler[], limit = 1_000_000): Promise<{ text: string; lengthVerified: boolean }> {
  let at = 0;
  server = await startStubServer((...call) => answers[Math.min(at++, answers.length - 1)]?.(...call));
  const http = createHttpClient({ origin: server.origin, clock: manualClock(), random: () => 0 });
  const fetched = await fetchIndex(new URL("/index.yaml", server.origin), { http, clock: manualClock(), limit, directory });
  const parts: Uint8Array[] = [];
  for await (const part of fetched.open()) parts.push(part);
  await fetched.release();
  return { text: Buffer.concat(parts).toString(), lengthVerified: fetched.lengthVerified };
}

/** Sends `bytes` of the index and breaks the connection. */
function cutAfter(bytes: number, headers: Record<string, string> = { etag: '"a"' }): StubHandler {
  return (_request, response) => {
    response.writeHead(200, { ...headers, "content-length": index.byteLength });
    response.write(index.subarray(0, bytes), () => response.destroy());
  };
}

function refuse(_request: SeenRequest, response: ServerResponse): void {
  response.writeHead(416).end();
}

/** Sends other bytes than the index, of unknown length. */
function whole(bytes: Uint8Array): StubHandler {
  return (_request, response) => {
    response.writeHead(200);
    response.write(bytes.subarray(0, 9));
    response.end(bytes.subarray(9));
  };
}

/** Honours Range where If-Range fits. */
function resumable(etag = '"a"'): StubHandler {
  return ({ headers }, response) => {
    const from = headers["if-range"] === etag ? Number(/bytes=(\d+)-/.exec(String(headers["range"]))?.[1] ?? 0) : 0;
    const range = { "content-range": `bytes ${from}-${index.byteLength - 1}/${index.byteLength}` };
    response.writeHead(from > 0 ? 206 : 200, { etag, "content-length": index.byteLength - from, ...(from > 0 ? range : {}) });
    response.end(index.subarray(from));
  };
}

it("is whole after one request, with its length checked", async () => {
  expect(await fetchFrom([resumable()])).toEqual({ text: index.toString(), lengthVerified: true });
  expect(server.requests).toHaveLength(1);
  expect(readdirSync(directory)).toEqual([]);
});

it("goes on after a cut where it broke off", async () => {
  expect((await fetchFrom([cutAfter(20_000), resumable()])).text).toBe(index.toString());
  expect(server.requests.map(({ headers }) => [headers["range"], headers["if-range"]])).toEqual([
    [undefined, undefined],
    ["bytes=20000-", '"a"'],
  ]);
});

it("begins again where the index changed meanwhile, or the server cannot resume", async () => {
  expect((await fetchFrom([cutAfter(20_000), resumable('"b"')])).text).toBe(index.toString());
  await server.close();
  expect((await fetchFrom([cutAfter(20_000, { etag: 'W/"weak"' }), resumable()])).text).toBe(index.toString());
  expect(server.requests[1]?.headers["range"]).toBeUndefined();
});

it("begins again where the server refuses the range", async () => {
  expect((await fetchFrom([cutAfter(20_000), refuse, resumable()])).text).toBe(index.toString());
  expect(server.requests).toHaveLength(3);
});

it("that always breaks off fails as index-truncated, with nothing left on disk", async () => {
  const error = await failureOf(fetchFrom([cutAfter(100, {})]));
  expect(error).toMatchObject({ code: "index-truncated", retryable: true });
  expect(error.message).toContain(`of ${index.byteLength} bytes`);
  expect(readdirSync(directory)).toEqual([]);
});

it("whose length is unknown is taken, and says that it is", async () => {
  expect(await fetchFrom([whole(index)])).toEqual({ text: index.toString(), lengthVerified: false });
});

it("above its limit fails as too-large, compressed or not", async () => {
  expect(await failureOf(fetchFrom([resumable()], 10_000))).toMatchObject({ code: "too-large" });
  await server.close();
  expect(await failureOf(fetchFrom([whole(gzipSync(index))], 10_000))).toMatchObject({ code: "too-large" });
});

it("kept compressed by its server is decompressed, and damaged refused", async () => {
  const zipped = gzipSync(index);
  expect((await fetchFrom([whole(zipped)])).text).toBe(index.toString());
  await server.close();
  expect(await failureOf(fetchFrom([whole(zipped.subarray(0, 60))]))).toMatchObject({ code: "index-invalid" });
});
