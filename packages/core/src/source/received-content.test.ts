import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, it, vi } from "vitest";

import { bytesContent } from "../content.ts";
import { digestOf, digestWith } from "../digest.ts";
import { receiveContent } from "./received-content.ts";
import { failureOf } from "./testing/classic-repository.ts";

const bytes = Buffer.from("some chart");
const sha512 = (text: string): string => `sha512:${createHash("sha512").update(text).digest("hex")}`;

it("a file has no name, so that a process that is killed leaves none behind", async () => {
  const directory = await mkdtemp(join(tmpdir(), "chartferry-test-"));
  const content = await receiveContent(bytesContent(bytes).open(), { memoryLimit: 1, directory });
  expect(await readdir(directory)).toEqual([]);
  const read: Uint8Array[] = [];
  for await (const chunk of content.open()) read.push(chunk);
  expect(Buffer.concat(read)).toEqual(bytes);
  await content.release();
  await rm(directory, { recursive: true });
});

it.each([1, 1000])("content that was released (%d bytes kept in memory) is not there any more", async (memoryLimit) => {
  const content = await receiveContent(bytesContent(bytes).open(), { memoryLimit });
  const reader = content.open()[Symbol.asyncIterator]();
  await content.release();
  await expect(reader.next()).rejects.toMatchObject({ code: "file-missing" });
});

it("a file ends for a reader whose signal is aborted", async () => {
  const content = await receiveContent(bytesContent(bytes).open(), { memoryLimit: 1 });
  const reader = content.open(AbortSignal.abort(new Error("enough")))[Symbol.asyncIterator]();
  await expect(reader.next()).rejects.toThrow("enough");
  await content.release();
});

it("content in a file can be read more than once, also after a reader that stopped midway", async () => {
  const content = await receiveContent(bytesContent(bytes).open(), { memoryLimit: 1 });
  for await (const chunk of content.open()) {
    expect(chunk.byteLength).toBeGreaterThan(0);
    break;
  }
  const read: Uint8Array[] = [];
  for await (const chunk of content.open()) read.push(chunk);
  expect(Buffer.concat(read)).toEqual(bytes);
  await content.release();
});

it("is checked by the algorithm of the digest that is expected, and has its own by sha256", async () => {
  const expectedDigest = digestWith(sha512(""), bytes);
  const content = await receiveContent(bytesContent(bytes).open(), { expectedDigest });
  expect(content.digest).toBe(digestOf(bytes));
});

it("is refused where a sha512 digest does not fit", async () => {
  const expectedDigest = sha512("another chart");
  const error = await failureOf(receiveContent(bytesContent(bytes).open(), { expectedDigest }));
  expect(error).toMatchObject({ code: "digest-mismatch", message: expect.stringContaining(digestWith(expectedDigest, bytes)) });
});

it("asks before it grows in memory, chunk by chunk beyond what it may take unasked, and goes to a file when told so", async () => {
  const chunk = Buffer.alloc(100 * 1024, 1);
  const asked: number[] = [];
  const memory = (grown: number): boolean => asked.push(grown) < 3;
  const source = async function* () {
    for (let count = 0; count < 6; count++) yield chunk;
  };
  const content = await receiveContent(source(), { memory });
  expect(asked).toEqual([44 * 1024, 100 * 1024, 100 * 1024]);
  expect([content.bytes, content.size]).toEqual([undefined, 600 * 1024]);
  const read: Uint8Array[] = [];
  for await (const part of content.open()) read.push(part);
  expect(Buffer.concat(read).equals(Buffer.alloc(600 * 1024, 1))).toBe(true);
  await content.release();
});

it("keeps single bytes as few pieces, in memory and in a file", async () => {
  const all = Buffer.from(Array.from({ length: 70_000 }, (_none, place) => place % 251));
  const dripped = async function* () {
    for (const byte of all) yield Uint8Array.of(byte);
  };
  const joined = vi.spyOn(Buffer, "concat");
  const inMemory = await receiveContent(dripped());
  const mostPieces = Math.max(...joined.mock.calls.map(([list]) => list.length));
  joined.mockRestore();
  expect(mostPieces).toBeLessThan(10);
  expect(all.equals(inMemory.bytes ?? Buffer.alloc(0))).toBe(true);

  const inFile = await receiveContent(dripped(), { memoryLimit: 100 });
  const read: Uint8Array[] = [];
  for await (const part of inFile.open()) read.push(part);
  expect([inFile.bytes, inFile.size, Buffer.concat(read).equals(all)]).toEqual([undefined, all.length, true]);
  await inFile.release();
});
