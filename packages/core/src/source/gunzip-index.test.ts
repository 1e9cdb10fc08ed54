import { gzipSync } from "node:zlib";

import { expect, it } from "vitest";

import { gunzippedIfGzip } from "./gunzip-index.ts";

const compressed = gzipSync("apiVersion: v1\nentries: {}\n".repeat(100));

/** Reads to the end; gives back what it fails with. */
async function failureOf(open: () => AsyncIterable<Uint8Array>): Promise<unknown> {
  try {
    for await (const chunk of gunzippedIfGzip(open, 1_000_000)) expect(chunk.byteLength).toBeGreaterThan(0);
  } catch (error) {
    return error;
  }
  throw new Error("nothing failed");
}

it.each([
  ["an abort", new DOMException("This operation was aborted", "AbortError")],
  ["a file error", Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" })],
])("%s while a compressed index is read stays what it is", async (_what, fault) => {
  const failure = await failureOf(async function* () {
    yield compressed.subarray(0, 20);
    throw fault;
  });
  expect(failure).toBe(fault);
});

it("a compressed index that is cut off is invalid", async () => {
  const failure = await failureOf(async function* () {
    yield compressed.subarray(0, -12);
  });
  expect(failure).toMatchObject({ code: "index-invalid" });
});
