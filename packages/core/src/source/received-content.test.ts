import { createHash } from "node:crypto";

import { expect, it } from "vitest";

import { bytesContent } from "../content.ts";
import { digestOf, digestWith } from "../digest.ts";
import { receiveContent } from "./received-content.ts";
import { failureOf } from "./testing/classic-repository.ts";

const bytes = Buffer.from("some chart");
const sha512 = (text: string): string => `sha512:${createHash("sha512").update(text).digest("hex")}`;

it("a file is opened only when its reader starts, so that a reader never started holds none", async () => {
  const content = await receiveContent(bytesContent(bytes).open(), { memoryLimit: 1 });
  const reader = content.open()[Symbol.asyncIterator]();
  // Opening at once would find the file; opening on the first read finds it gone.
  await content.release();
  await expect(reader.next()).rejects.toMatchObject({ code: "ENOENT" });
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
