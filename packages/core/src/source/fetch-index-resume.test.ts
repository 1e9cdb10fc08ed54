import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { ChartferryError } from "../errors.ts";
import type { HttpAnswer, HttpClient, HttpRequest } from "../http/http-client.ts";
import { fetchIndex } from "./fetch-index.ts";
import type { FetchedIndex } from "./fetch-index.ts";
import { failureOf } from "./testing/classic-repository.ts";

// How much of an answer arrives before a real connection breaks is up to the kernel. Here the client itself is played, so that each cut
// falls where the test wants it; fetch-index.test.ts does the same over real connections.

const index = Buffer.from("0123456789".repeat(500));
const url = new URL("https://charts.test/index.yaml");
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "chartferry-test-"));
});
afterEach(() => rm(directory, { recursive: true }));

interface Played {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly chunks?: readonly Uint8Array[];
  /** What breaks the body off; nothing = it ends as it should. */
  readonly fault?: "connection-lost" | "timeout";
}

type Play = (from: number, request: HttpRequest) => Played;

/** A client whose n-th answer is `plays[n]` (the last one ever after); `from` is where the request wants to go on. */
function clientOf(plays: readonly Play[]): HttpClient & { readonly asked: (string | undefined)[] } {
  const asked: (string | undefined)[] = [];
  return {
    asked,
    async send(request) {
      const play = plays[Math.min(asked.length, plays.length - 1)];
      asked.push(request.headers?.["range"]);
      const from = Number(/\d+/.exec(request.headers?.["range"] ?? "")?.[0] ?? 0);
      return answerOf(play?.(from, request) ?? {});
    },
    pause: async ({ signal }) => signal?.throwIfAborted(),
    traffic: () => ({}),
    close: async () => {},
  };
}

function answerOf({ status = 200, headers = {}, chunks = [], fault }: Played): HttpAnswer {
  return {
    status,
    headers,
    url,
    bytes: async () => Buffer.concat(chunks),
    dump: async () => {},
    async *stream() {
      yield* chunks;
      if (fault !== undefined) throw new ChartferryError("broken", { code: fault, operation: "read index", retryable: true });
    },
  };
}

interface RestOptions {
  readonly etag?: string;
  readonly fault?: "connection-lost" | "timeout";
  readonly content?: Uint8Array;
}

/** The index from there on, `bytes` of it before the connection breaks; all of it without. */
function rest(bytes = Number.POSITIVE_INFINITY, { etag = '"a"', fault = "connection-lost", content = index }: RestOptions = {}): Play {
  return (from) => {
    const part = content.subarray(from, from + bytes);
    const range = from > 0 ? { "content-range": `bytes ${from}-${content.byteLength - 1}/${content.byteLength}` } : {};
    const headers = { etag, "content-length": String(content.byteLength - from), ...range };
    const whole = from + part.byteLength === content.byteLength;
    return { status: from > 0 ? 206 : 200, headers, chunks: [part], ...(whole ? {} : { fault }) };
  };
}

const refused: Play = () => {
  throw new ChartferryError("refused", { code: "connection-refused", operation: "read index", retryable: true });
};

const unanswered: Play = () => {
  throw new ChartferryError("no answer", { code: "connection-lost", operation: "read index", retryable: true, hint: "write https" });
};

async function fetchWith(http: HttpClient): Promise<FetchedIndex> {
  return fetchIndex(url, { http, limit: 100_000_000, directory });
}

async function textWith(http: HttpClient): Promise<string> {
  const fetched = await fetchWith(http);
  const parts: Uint8Array[] = [];
  for await (const part of fetched.open()) parts.push(part);
  await fetched.release();
  return Buffer.concat(parts).toString();
}

describe("an index whose download is cut", () => {
  it("at any byte is the same in the end, after one request more", async () => {
    for (let cut = 1; cut < index.byteLength; cut += 97) {
      const http = clientOf([rest(cut), rest()]);
      expect(await textWith(http)).toBe(index.toString());
      expect(http.asked).toEqual([undefined, `bytes=${cut}-`]);
    }
  });

  it("again and again is brought piece by piece, as long as each piece brings it on", async () => {
    const http = clientOf([rest(60)]);
    expect(await textWith(http)).toBe(index.toString());
    expect(http.asked).toHaveLength(Math.ceil(index.byteLength / 60));
  });

  it("every few megabytes may be as large as it likes: 150 pieces of one are no loop", async () => {
    const content = Buffer.alloc(150 * 1024 * 1024 + 1, 0x61);
    const http = clientOf([rest(1024 * 1024, { content })]);
    const fetched = await fetchIndex(url, { http, limit: 4e9, directory });
    let size = 0;
    for await (const part of fetched.open()) size += part.byteLength;
    await fetched.release();
    expect(size).toBe(content.byteLength);
  });

  it("every few bytes comes to an end", async () => {
    const http = clientOf([rest(20)]);
    expect(await failureOf(fetchWith(http))).toMatchObject({ code: "index-truncated" });
    expect(http.asked).toHaveLength(100);
    expect(await readdir(directory)).toEqual([]);
  });

  it("and whose server is then away for a while goes on where it was", async () => {
    const http = clientOf([rest(3000), refused, () => ({ status: 503 }), () => ({ status: 503 }), rest()]);
    expect(await textWith(http)).toBe(index.toString());
    expect(http.asked.at(-1)).toBe("bytes=3000-");
    expect(await failureOf(fetchWith(clientOf([refused])))).toMatchObject({ code: "connection-refused" });
    expect(await failureOf(fetchWith(clientOf([() => ({ status: 503 })])))).toMatchObject({ code: "unavailable" });
  });

  it("before its first byte is asked for once: the client has repeated that already, and its failure says more", async () => {
    const http = clientOf([unanswered]);
    expect(await failureOf(fetchWith(http))).toMatchObject({ code: "connection-lost", hint: "write https" });
    expect(http.asked).toHaveLength(1);
  });

  it("and that is gone, forbidden or held back then says so at once", async () => {
    for (const [status, code] of [
      [404, "index-missing"],
      [403, "denied"],
      [429, "rate-limited"],
    ] as const) {
      const http = clientOf([rest(3000), () => ({ status })]);
      expect(await failureOf(fetchWith(http))).toMatchObject({ code });
      expect(http.asked).toHaveLength(2);
    }
  });
});

describe("an index that changes while it is fetched", () => {
  const other = Buffer.from("abcdefghij".repeat(500));
  const range = `bytes 3000-${other.byteLength - 1}/${other.byteLength}`;

  it.each<[string, Play]>([
    ["another ETag", () => ({ status: 206, headers: { etag: '"b"', "content-range": range }, chunks: [other.subarray(3000)] })],
    ["another length", () => ({ status: 206, headers: { "content-range": "bytes 3000-7999/8000" }, chunks: [Buffer.alloc(5000)] })],
    ["another place", () => ({ status: 206, headers: { "content-range": "bytes 1000-2999/5000" }, chunks: [other.subarray(1000, 3000)] })],
    ["no place at all", () => ({ status: 206, chunks: [other] })],
    ["several parts", () => ({ status: 206, headers: { "content-type": "multipart/byteranges; boundary=x" }, chunks: [other] })],
    ["a refusal of the range", () => ({ status: 416, headers: { "content-range": `bytes */${other.byteLength}` } })],
  ])("is begun again where a server that does not compare answers with %s", async (_what, answer) => {
    const http = clientOf([rest(3000), answer, rest(undefined, { content: other, etag: '"b"' })]);
    expect(await textWith(http)).toBe(other.toString());
    expect(http.asked).toEqual([undefined, "bytes=3000-", undefined]);
  });

  it("is never put together from two: a date serves only where the file had not changed within its second", async () => {
    const headers = { "last-modified": "Mon, 01 Jan 2024 00:00:00 GMT", "content-length": "5000" };
    const cut =
      (date: string): Play =>
      () => ({ headers: { ...headers, date }, chunks: [index.subarray(0, 3000)], fault: "connection-lost" });
    const fresh = clientOf([cut("Mon, 01 Jan 2024 00:00:00 GMT"), rest()]);
    expect(await textWith(fresh)).toBe(index.toString());
    expect(fresh.asked).toEqual([undefined, undefined]);
    const settled = clientOf([cut("Mon, 01 Jan 2024 00:00:05 GMT"), rest()]);
    expect(await textWith(settled)).toBe(index.toString());
    expect(settled.asked).toEqual([undefined, "bytes=3000-"]);
  });

  it("is begun again where more came than was announced: what came is of no use", async () => {
    const overlong: Play = () => ({ headers: { etag: '"a"', "content-length": "5000" }, chunks: [index, Buffer.from("x")] });
    const http = clientOf([overlong, rest()]);
    expect(await textWith(http)).toBe(index.toString());
    expect(http.asked).toEqual([undefined, undefined]);
  });

  it("answers a request without a range with a part: that is no index", async () => {
    const http = clientOf([() => ({ status: 206, headers: { "content-range": range }, chunks: [other.subarray(3000)] })]);
    expect(await failureOf(fetchWith(http))).toMatchObject({ code: "protocol-violation" });
  });
});

describe("an index whose server stalls", () => {
  it("is resumed, and given up once it stalls five times with next to nothing in between", async () => {
    expect(await textWith(clientOf([rest(3000, { fault: "timeout" }), rest(1000, { fault: "timeout" }), rest()]))).toBe(index.toString());
    const http = clientOf([rest(20, { fault: "timeout" })]);
    expect(await failureOf(fetchWith(http))).toMatchObject({ code: "index-truncated", retryable: true });
    expect(http.asked).toHaveLength(5);
  });
});

it("an index has no name on disk while it is read, so that a process that is killed leaves none behind", async () => {
  const fetched = await fetchWith(clientOf([rest()]));
  expect(await readdir(directory)).toEqual([]);
  const readers = [fetched.open()[Symbol.asyncIterator](), fetched.open()[Symbol.asyncIterator]()];
  const parts = await Promise.all(readers.map((reader) => reader.next()));
  expect(parts.map(({ value }) => Buffer.from(value ?? []).toString())).toEqual([index.toString(), index.toString()]);
  await fetched.release();
});
