import { setImmediate as immediate } from "node:timers/promises";
import { promisify } from "node:util";
import { constants, crc32, createInflateRaw, inflateRaw, inflateRawSync } from "node:zlib";

import { gzipDataOffset, hasWrongChecksum } from "./gzip-header.ts";
import { pushBack, type Source } from "./push-back.ts";

/** Takes inflated bytes; `false` = no more needed. */
export type Sink = (bytes: Buffer) => boolean;

/** Called before every member but the first: an empty one brings no bytes and takes its time all the same. May throw. */
export type OnMember = () => void;

/** How the gzip stream ended: a problem counts only for a reader that still wanted bytes. */
export interface GzipEnd {
  readonly problem?: string;
  /** The input ended before the stream did: bytes are missing. */
  readonly cut?: boolean;
  /** Not even the first header is gzip. */
  readonly notGzip?: boolean;
}

/** Largest output that is made in one piece, in bytes; beyond it, memory is bounded by streaming. */
const wholeLimit = 8 * 1024 * 1024;
const sliceBytes = 64 * 1024;
/** What is inflated on another thread, with others of its kind beside it: larger output takes memory, and smaller takes less time here. Bytes. */
const elsewhereLimit = 1024 * 1024;
const smallest = 16 * 1024;
/** Deflate makes at most so many bytes of one. Source: zlib's technical notes. */
const mostOfOneByte = 1032;
const inflateElsewhere = promisify(inflateRaw);
const damagedSliceBytes = 64;
const trailerBytes = 8;
/** Longest header we wait for: extra field, name and comment at their largest. */
const longestHeader = 70 * 1024;

/**
 * Inflates concatenated gzip members as Go does. Header and trailer are read here, so that everything that was inflated
 * before a bad checksum or a cut end still reaches the sink. Zlib's own gunzip would withhold it.
 */
export async function gunzip(input: Uint8Array | AsyncIterable<Uint8Array>, sink: Sink, onMember?: OnMember): Promise<GzipEnd> {
  const reading: Reading = { onMember, wrongHeader: false };
  const end = await (input instanceof Uint8Array ? gunzipBytes(input, sink, reading) : gunzipStream(input, sink, reading));
  return reading.wrongHeader ? { ...end, problem: end.problem ?? "the checksum of its gzip header is wrong" } : end;
}

interface Reading {
  readonly onMember: OnMember | undefined;
  /** A header that was read has a wrong checksum. */
  wrongHeader: boolean;
}

async function gunzipBytes(input: Uint8Array, sink: Sink, reading: Reading): Promise<GzipEnd> {
  for (let start = 0; start < input.byteLength;) {
    const offset = gzipDataOffset(input, start);
    if (typeof offset !== "number") return headerProblem(offset, start === 0);
    reading.wrongHeader ||= hasWrongChecksum(input, start, offset);
    if (start > 0) await betweenMembers(reading.onMember);
    const member = await inflateWhole(input.subarray(offset), start === 0);
    if (typeof member === "string") {
      // The decompressor withholds what it made of the piece in which the damage lies: small pieces lose little.
      const size = member === "large" ? sliceBytes : damagedSliceBytes;
      return gunzipStream(slices(input.subarray(start), size), sink, reading);
    }
    const end = offset + member.consumed;
    if (!sink(member.bytes)) return {};
    const problem = trailerProblem(input.subarray(end, end + trailerBytes), crc32(member.bytes), member.bytes.byteLength);
    if (problem !== undefined) return endWith(problem);
    start = end + trailerBytes;
  }
  return input.byteLength === 0 ? headerProblem(null, true) : {};
}

/** Members may be many and small: the others of this process get their turn in between. */
async function betweenMembers(onMember: OnMember | undefined): Promise<void> {
  onMember?.();
  await immediate();
}

/** Large output and damaged data are streamed instead: the one to bound memory, the other to use what comes before the damage. */
async function inflateWhole(input: Uint8Array, isFirst: boolean): Promise<{ bytes: Buffer; consumed: number } | "large" | "damaged"> {
  // The word at the end speaks of the last member, which is nearly always the only one.
  const room = isFirst ? roomFor(input) : smallest;
  const elsewhere = room > smallest && room <= elsewhereLimit;
  const options = { finishFlush: constants.Z_SYNC_FLUSH, chunkSize: room, info: true };
  try {
    const result: unknown = elsewhere
      ? await inflateElsewhere(input, { ...options, maxOutputLength: elsewhereLimit })
      : inflateRawSync(input, { ...options, maxOutputLength: wholeLimit });
    return isInflated(result) ? { bytes: result.buffer, consumed: result.engine.bytesWritten } : "damaged";
  } catch (error) {
    return error instanceof RangeError ? "large" : "damaged";
  }
}

/** Room for all of the output, so that it comes in one piece; in those of 16 KiB, zlib's own size, it takes half as long again. The trailer's word may be wrong, so it is believed only as far as so much input can make so much output. */
function roomFor(input: Uint8Array): number {
  const at = input.byteLength - 4;
  const told = at < 0 ? 0 : new DataView(input.buffer, input.byteOffset).getUint32(at, true);
  // One byte more, so that zlib sees that it is done.
  return Math.min(wholeLimit, Math.max(smallest, Math.min(told + 1, mostOfOneByte * input.byteLength)));
}

/** What zlib returns under the option `info`, which the published types do not describe. */
function isInflated(result: unknown): result is { buffer: Buffer; engine: { bytesWritten: number } } {
  return typeof result === "object" && result !== null && "buffer" in result && "engine" in result && Buffer.isBuffer(result.buffer);
}

async function gunzipStream(chunks: AsyncIterable<Uint8Array>, sink: Sink, reading: Reading): Promise<GzipEnd> {
  const source = pushBack(chunks);
  try {
    for (let first = true; ; first = false) {
      const header = await readHeader(source, reading);
      if (header === "end" && !first) return {};
      if (header !== "ok") return headerProblem(header === "bad" ? null : undefined, first);
      if (!first) await betweenMembers(reading.onMember);
      const member = await inflateMember(source, sink);
      if (member.stopped) return {};
      if (member.problem !== undefined) return endWith(member.problem);
      const trailer = await source.take(trailerBytes);
      const problem = trailerProblem(trailer, member.crc, member.bytes);
      if (problem !== undefined) return endWith(problem);
    }
  } finally {
    await source.close();
  }
}

const tooEarly = "it ends too early";

function endWith(problem: string): GzipEnd {
  return problem === tooEarly ? { problem, cut: true } : { problem };
}

function headerProblem(offset: null | undefined, first: boolean): GzipEnd {
  const problem = offset === null ? "what follows is not gzip" : "it ends within a gzip header";
  return first ? { problem, notGzip: true } : { problem };
}

function trailerProblem(trailer: Uint8Array, crc: number, bytes: number): string | undefined {
  if (trailer.byteLength < trailerBytes) return tooEarly;
  const view = new DataView(trailer.buffer, trailer.byteOffset, trailerBytes);
  const matches = view.getUint32(0, true) === crc >>> 0 && view.getUint32(4, true) === bytes % 2 ** 32;
  return matches ? undefined : "its gzip checksum is wrong";
}

async function readHeader(source: Source, reading: Reading): Promise<"ok" | "end" | "bad" | "short"> {
  let read: Uint8Array = new Uint8Array(0);
  for (;;) {
    const chunk = await source.next();
    if (chunk === undefined) return read.byteLength === 0 ? "end" : "short";
    read = read.byteLength === 0 ? chunk : Buffer.concat([read, chunk]);
    const offset = gzipDataOffset(read);
    if (offset === null || (offset === undefined && read.byteLength > longestHeader)) return "bad";
    if (offset === undefined) continue;
    reading.wrongHeader ||= hasWrongChecksum(read, 0, offset);
    source.back(read.subarray(offset));
    return "ok";
  }
}

interface Member {
  readonly crc: number;
  readonly bytes: number;
  readonly stopped: boolean;
  readonly problem?: string;
}

async function inflateMember(source: Source, sink: Sink): Promise<Member> {
  const inflater = createInflateRaw({ chunkSize: sliceBytes });
  let crc = 0;
  let bytes = 0;
  let stopped = false;
  let thrown: unknown;
  inflater.on("data", (chunk: Buffer) => {
    if (stopped) return;
    crc = crc32(chunk, crc);
    bytes += chunk.byteLength;
    try {
      stopped = !sink(chunk);
    } catch (error) {
      thrown = error;
      stopped = true;
    }
  });
  const ended = new Promise<string | undefined>((resolve) => {
    inflater.once("end", () => resolve(undefined));
    inflater.once("error", () => resolve("its gzip data is damaged"));
  });
  const problem = await feed(source, inflater, { ended, isStopped: () => stopped });
  inflater.destroy();
  if (thrown !== undefined) throw thrown instanceof Error ? thrown : new Error("the reader failed", { cause: thrown });
  return { crc, bytes, stopped, ...(problem === undefined ? {} : { problem }) };
}

interface InflateProgress {
  readonly ended: Promise<string | undefined>;
  readonly isStopped: () => boolean;
}

/** Writes one slice at a time, so that what the decompressor leaves over lies within the last one. */
async function feed(source: Source, inflater: ReturnType<typeof createInflateRaw>, progress: InflateProgress): Promise<string | undefined> {
  for (let fed = 0; !progress.isStopped();) {
    const chunk = await source.next();
    if (chunk === undefined) {
      await immediate();
      return tooEarly;
    }
    const slice = chunk.subarray(0, sliceBytes);
    source.back(chunk.subarray(sliceBytes));
    fed += slice.byteLength;
    const written = new Promise<"more">((resolve) => inflater.write(slice, () => resolve("more")));
    const state = await Promise.race([written, progress.ended]);
    const left = fed - inflater.bytesWritten;
    if (state !== "more" && state !== undefined) return state;
    if (state === undefined || left > 0) {
      await progress.ended;
      source.back(slice.subarray(slice.byteLength - left));
      return undefined;
    }
  }
  return undefined;
}

async function* slices(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}
