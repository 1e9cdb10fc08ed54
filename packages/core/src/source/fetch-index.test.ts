import { readdirSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { ChartferryError } from "../errors.ts";
import { createHttpClient } from "../http/create-http-client.ts";
import type { HttpAnswer, HttpRequest } from "../http/http-client.ts";
import { manualClock } from "../http/testing/manual-clock.ts";
import type { SeenRequest, StubHandler, StubServer } from "../http/testing/start-stub-server.ts";
import { startStubServer } from "../http/testing/start-stub-server.ts";
import { fetchIndex } from "./fetch-index.ts";
import { receiveContent } from "./received-content.ts";
import { failureOf } from "./testing/classic-repository.ts";

const index = Buffer.from("0123456789".repeat(5_000));
let server: StubServer;
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "chartferry-test-"));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
  await rm(directory, { recursive: true });
});

/** Fetches from a server whose n-th answer is `answers[n]` (the last one ever after). */
async function fetchFrom(answers: StubHandler[], limit = 1_000_000): Promise<{ text: string; lengthVerified: boolean }> {
  let at = 0;
  server = await startStubServer((...call) => answers[Math.min(at++, answers.length - 1)]?.(...call));
  const http = createHttpClient({ origin: server.origin, clock: manualClock(), random: () => 0 });
  const fetched = await fetchIndex(new URL("/index.yaml", server.origin), { http, limit, directory });
  const text = await textOf(fetched.open());
  await fetched.release();
  return { text, lengthVerified: fetched.lengthVerified };
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of chunks) parts.push(part);
  return Buffer.concat(parts).toString();
}

/** The first bytes of the index, then a broken connection. */
function brokenAnswer(url: URL, bytes: number): HttpAnswer {
  return {
    status: 200,
    headers: { etag: '"a"', "content-length": String(index.byteLength) },
    url,
    bytes: async () => index,
    dump: async () => {},
    async *stream() {
      yield index.subarray(0, bytes);
      throw new ChartferryError("broken", { code: "connection-lost", operation: "read index" });
    },
  };
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
  // When a real connection breaks, how much of it arrived is up to the kernel: here it is 20,000 bytes.
  const asked: HttpRequest[] = [];
  const send = async (request: HttpRequest): Promise<HttpAnswer> => {
    asked.push(request);
    return asked.length === 1 ? brokenAnswer(request.url, 20_000) : realHttp.send(request);
  };
  server = await startStubServer(resumable());
  const realHttp = createHttpClient({ origin: server.origin });
  const fetched = await fetchIndex(server.origin, { http: { ...realHttp, send }, limit: 1_000_000, directory });
  expect(await textOf(fetched.open())).toBe(index.toString());
  await fetched.release();
  expect(asked.map(({ headers }) => [headers?.["range"], headers?.["if-range"]])).toEqual([
    [undefined, undefined],
    ["bytes=20000-", '"a"'],
  ]);
});

it("is whole in the end over a connection that really breaks", async () => {
  expect((await fetchFrom([cutAfter(20_000), resumable()])).text).toBe(index.toString());
  expect(server.requests).toHaveLength(2);
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

const patience: StubHandler = (_request, response) => void response.writeHead(429, { "retry-after": "90" }).end();

it("whose server asks for a pause of 90 seconds, at first or in the middle, is whole after that", async () => {
  expect((await fetchFrom([patience, cutAfter(20_000), patience, patience, resumable()])).text).toBe(index.toString());
  expect(server.requests).toHaveLength(5);
});

it("that always breaks off fails as index-truncated, with nothing left on disk", async () => {
  const error = await failureOf(fetchFrom([cutAfter(100, {})]));
  expect(error).toMatchObject({ code: "index-truncated", retryable: true });
  expect(error.message).toContain(`of ${index.byteLength} bytes`);
  expect(readdirSync(directory)).toEqual([]);
});

it("that never begins fails by what keeps it from that, once the client has asked its five times", async () => {
  const error = await failureOf(fetchFrom([(_request, response) => void response.destroy()]));
  expect(error).toMatchObject({ code: "connection-lost", retryable: true });
  expect(server.requests).toHaveLength(5);
});

it("that breaks off now early, now late, and begins at 0 each time, is given up as soon", async () => {
  const cuts = Array.from({ length: 40 }, (_, attempt) => cutAfter(attempt % 2 === 0 ? 20_000 : 0, {}));
  const error = await failureOf(fetchFrom(cuts));
  expect(error).toMatchObject({ code: "index-truncated" });
  // A cut may swallow some of what was sent before it, so a few attempts more than five do come further.
  expect(server.requests.length).toBeLessThan(20);
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

/** Sends the bytes with their encoding named. */
function encoded(encoding: string, bytes: Uint8Array): StubHandler {
  return (_request, response) => void response.writeHead(200, { "content-encoding": encoding }).end(bytes);
}

it("compressed on the way is decompressed where that is gzip, and refused by name where it is anything else", async () => {
  expect((await fetchFrom([encoded("gzip", gzipSync(index))])).text).toBe(index.toString());
  await server.close();
  const error = await failureOf(fetchFrom([encoded("br", brotliCompressSync(index))]));
  expect(error).toMatchObject({ code: "protocol-violation", message: expect.stringContaining("compressed as br") });
});

/** From here on every write to a file takes as much as a disk that is nearly full does: some bytes, then nothing more. */
async function fillDisk(errno: string): Promise<void> {
  const probe = await open("/dev/null", "r+");
  const write = vi.spyOn(Object.getPrototypeOf(probe), "write");
  await probe.close();
  write.mockResolvedValueOnce({ bytesWritten: 5 }).mockRejectedValue(Object.assign(new Error(`${errno}: write`), { code: errno }));
}

it.each(["ENOSPC", "EDQUOT", "EFBIG"])("for which the disk has no room (%s) names the temporary folder and TMPDIR", async (errno) => {
  await fillDisk(errno);
  const error = await failureOf(fetchFrom([resumable()]));
  expect(error).toMatchObject({ code: errno === "EFBIG" ? "file-unwritable" : "disk-full", hint: "set TMPDIR to a place with room" });
  expect(error.message).toBe(`the temporary folder ${directory} has no room left (${errno})`);
  expect(server.requests).toHaveLength(1);
  expect(readdirSync(directory)).toEqual([]);
});

it("for which there is no temporary folder says so", async () => {
  await rm(directory, { recursive: true });
  const error = await failureOf(fetchFrom([resumable()]));
  await (await open(directory, "wx")).close();
  expect(error).toMatchObject({ code: "file-unwritable", message: expect.stringContaining("cannot be written (ENOENT)") });
  expect(error.hint).toContain("TMPDIR");
});

it("and a chart too large for memory fail alike on a full disk, with nothing left there", async () => {
  server = await startStubServer(resumable());
  await fillDisk("ENOSPC");
  const chunks = (async function* () {
    yield index;
    yield index;
  })();
  const error = await failureOf(receiveContent(chunks, { memoryLimit: 60_000, directory, operation: "fetch chart" }));
  expect(error).toMatchObject({ code: "disk-full", operation: "fetch chart", hint: "set TMPDIR to a place with room" });
  expect(readdirSync(directory)).toEqual([]);
});
