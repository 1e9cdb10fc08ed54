import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";

import type { BlobContent } from "../content.ts";
import { isDigest, splitDigest } from "../digest.ts";
import type { Digest } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import { createPieceList } from "../piece-list.ts";
import type { PieceList } from "../piece-list.ts";
import { describeBytes, isGzip } from "./describe-bytes.ts";
import type { MemoryQuestion } from "./chart-source.ts";
import { openTemporaryFile } from "./open-temporary-file.ts";
import type { TemporaryFile } from "./open-temporary-file.ts";

export interface ReceiveOptions {
  readonly expectedDigest?: Digest | undefined;
  /** Bytes kept in memory; larger content goes to a temporary file. Default: 8 MiB. */
  readonly memoryLimit?: number | undefined;
  /** See `SourceOptions`. */
  readonly memory?: MemoryQuestion | undefined;
  /** Bytes taken at all. Default: no limit. */
  readonly sizeLimit?: number | undefined;
  /** Where temporary files go. Default: the system's folder for them. */
  readonly directory?: string | undefined;
  /** What is being received, for messages: `fetch chart`. */
  readonly operation?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Received bytes that can be read again until they are released. */
export interface ReceivedContent extends BlobContent {
  /** The first bytes (at most 4 KiB), to say what the content looks like. */
  readonly head: Uint8Array;
  /** Frees memory and removes the temporary file; reading fails from now on. */
  release(): Promise<void>;
}

/** Bytes. */
const defaultMemoryLimit = 8 * 1024 * 1024;
const headBytes = 4096;

/** Bytes of each content that are kept in memory without asking `memory` for more. */
export const unaskedMemory = 256 * 1024;

/** Below this, what comes is not yet written to the file: a call for each small piece would take its time. Bytes. */
const leastWritten = 64 * 1024;

interface Sink {
  /** Not in the file yet. */
  readonly chunks: PieceList;
  size: number;
  file: TemporaryFile | undefined;
}

/** Reads a stream to its end, hashing on the way, into memory or beyond the limit into a temporary file. @throws digest-mismatch, too-large, file-unwritable (no room for the file) */
export async function receiveContent(chunks: AsyncIterable<Uint8Array>, options: ReceiveOptions = {}): Promise<ReceivedContent> {
  const sink: Sink = { chunks: createPieceList(), size: 0, file: undefined };
  const hash = createHash("sha256");
  const expected = hashLike(options.expectedDigest);
  let head: Uint8Array = new Uint8Array();
  try {
    for await (const chunk of chunks) {
      options.signal?.throwIfAborted();
      if (head.byteLength < headBytes) head = Buffer.concat([head, chunk.subarray(0, headBytes - head.byteLength)]);
      hash.update(chunk);
      expected?.hash.update(chunk);
      await store(sink, chunk, options);
    }
    if (sink.file !== undefined) await spill(sink, options);
    const content = finished(sink, `sha256:${hash.digest("hex")}`, head);
    checkDigest(content, expected === undefined ? content.digest : `${expected.algorithm}:${expected.hash.digest("hex")}`, options);
    return content;
  } catch (error) {
    await discard(sink);
    throw error;
  }
}

/** A second hash where the expected digest is of another algorithm than content's own sha256. */
function hashLike(digest: Digest | undefined): { readonly algorithm: string; readonly hash: Hash } | undefined {
  if (digest === undefined || !isDigest(digest)) return undefined;
  const { algorithm } = splitDigest(digest);
  return algorithm === "sha256" ? undefined : { algorithm, hash: createHash(algorithm) };
}

async function store(sink: Sink, chunk: Uint8Array, options: ReceiveOptions): Promise<void> {
  sink.size += chunk.byteLength;
  if (options.sizeLimit !== undefined && sink.size > options.sizeLimit) throw tooLarge(options.sizeLimit, options.operation);
  sink.chunks.add(chunk);
  const waits = sink.file === undefined ? mayStay(sink.size, chunk.byteLength, options) : sink.chunks.size < leastWritten;
  if (!waits) await spill(sink, options);
}

/** Whether content that has just grown by so many bytes may still be in memory. */
function mayStay(size: number, grown: number, { memoryLimit = defaultMemoryLimit, memory }: ReceiveOptions): boolean {
  if (size > memoryLimit) return false;
  const unasked = Math.max(unaskedMemory, size - grown);
  return memory === undefined || size <= unasked || memory(size - unasked);
}

/** Moves what is in memory to the file. */
async function spill(sink: Sink, { directory, operation = "receive content" }: ReceiveOptions): Promise<void> {
  sink.file ??= await openTemporaryFile({ directory, operation });
  let position = sink.size - sink.chunks.size;
  for (const chunk of sink.chunks.takeAll()) {
    await sink.file.write(chunk, position);
    position += chunk.byteLength;
  }
}

function finished(sink: Sink, digest: Digest, head: Uint8Array): ReceivedContent {
  const shared = { digest, size: sink.size, head };
  const { file } = sink;
  if (file === undefined) return inMemory(sink, shared);
  return { ...shared, open: (signal) => file.read(signal), release: () => file.release() };
}

function inMemory(sink: Sink, shared: Pick<ReceivedContent, "digest" | "size" | "head">): ReceivedContent {
  let bytes: Uint8Array | undefined = sink.chunks.join();
  const take = (): Uint8Array => {
    if (bytes === undefined)
      throw new ChartferryError("the content was released before it was read", { code: "file-missing", operation: "read content" });
    return bytes;
  };
  return {
    ...shared,
    get bytes() {
      return take();
    },
    async *open() {
      yield take();
    },
    release: async () => {
      bytes = undefined;
    },
  };
}

function checkDigest(content: ReceivedContent, actual: Digest, options: ReceiveOptions): void {
  if (options.expectedDigest === undefined || options.expectedDigest === actual) return;
  const what = isGzip(content.head) ? "" : `; they are ${describeBytes(content.head).words}, not a gzip archive`;
  throw new ChartferryError(`the bytes have digest ${actual}, not ${options.expectedDigest}${what}`, {
    code: "digest-mismatch",
    hint: "Compare the file with its author's: either it or the index was changed",
    operation: options.operation ?? "receive content",
  });
}

function tooLarge(limit: number, operation = "receive content"): ChartferryError {
  return new ChartferryError(`the content is larger than ${limit} bytes`, { code: "too-large", operation });
}

async function discard(sink: Sink): Promise<void> {
  sink.chunks.takeAll();
  await sink.file?.release();
}
