import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";

import { ChartferryError } from "../errors.ts";
import { isGzip } from "./describe-bytes.ts";

/** The content, decompressed where it is gzip: some stores keep an index compressed and hand it out like that. @throws index-invalid, too-large */
export async function* gunzippedIfGzip(open: () => AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Uint8Array, void, undefined> {
  if (!isGzip(await firstBytes(open()))) {
    yield* open();
    return;
  }
  const gunzip = createGunzip();
  const compressed = Readable.from(open());
  // What went wrong before decompression: an abort or an unreadable file says nothing about the index.
  let unread: Error | undefined;
  compressed
    .on("error", (error) => {
      unread = error;
      gunzip.destroy(error);
    })
    .pipe(gunzip);
  let size = 0;
  try {
    for await (const chunk of gunzip as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size > limit)
        throw new ChartferryError(`the index is larger than ${limit} bytes once decompressed`, {
          code: "too-large",
          operation: "read index",
        });
      yield chunk;
    }
  } catch (error) {
    if (error instanceof ChartferryError || error === unread) throw error;
    throw new ChartferryError("the index is compressed and cannot be decompressed", {
      code: "index-invalid",
      operation: "read index",
      cause: error,
    });
  } finally {
    compressed.destroy();
    gunzip.destroy();
  }
}

async function firstBytes(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array();
  for await (const chunk of chunks) {
    head = Buffer.concat([head, chunk]);
    if (head.byteLength >= 2) break;
  }
  return head;
}
