import { Readable } from "node:stream";

import { ChartferryError } from "../errors.ts";
import type { RequestBody } from "./http-client.ts";

/** Bodies up to here are handed over whole; larger ones in pieces, so that a slow line is seen to move and does not run into the time-out. Bytes. */
const wholeLimit = 1024 * 1024;
const pieceSize = 256 * 1024;

export interface UploadBody {
  readonly body: Uint8Array | Readable;
  readonly size: number;
}

/** A fresh reader over a re-readable body; `sent` is called with the bytes that leave. */
export function openUpload(
  source: RequestBody,
  options: { readonly signal?: AbortSignal | undefined; sent(bytes: number): void },
): UploadBody {
  if (source instanceof Uint8Array) {
    if (source.byteLength > wholeLimit)
      return { body: streamOf(counted(() => pieces(source), source.byteLength, options)), size: source.byteLength };
    options.sent(source.byteLength);
    return { body: source, size: source.byteLength };
  }
  return { body: streamOf(counted(() => source.open(options.signal), source.size, options)), size: source.size };
}

function streamOf(chunks: AsyncIterable<Uint8Array>): Readable {
  return Readable.from(chunks, { objectMode: false });
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let start = 0; start < bytes.byteLength; start += pieceSize) yield bytes.subarray(start, start + pieceSize);
}

/** Opens its source only when it is read itself: a request may fail before its body is touched, and nobody would close the source. */
async function* counted(
  open: () => AsyncIterable<Uint8Array>,
  size: number,
  options: { sent(bytes: number): void },
): AsyncGenerator<Uint8Array, void, undefined> {
  let total = 0;
  for await (const chunk of open()) {
    total += chunk.byteLength;
    if (total > size) throw wrongSize(size, total);
    options.sent(chunk.byteLength);
    yield chunk;
  }
  if (total !== size) throw wrongSize(size, total);
}

function wrongSize(declared: number, total: number): ChartferryError {
  return new ChartferryError(`a body of ${declared} bytes turned out to have ${total}`, { code: "size-mismatch", operation: "send body" });
}
