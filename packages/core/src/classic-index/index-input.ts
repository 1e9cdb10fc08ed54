import { TextDecoder } from "node:util";

import { receiveContent } from "../source/received-content.ts";

/** Bytes that can be read from the start more than once: a file, or memory. */
export interface IndexContent {
  open(signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/** The index is read twice (once to see that it is whole); a stream that can be read only once is first kept aside. */
export async function reopenable(
  input: IndexContent | AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<IndexContent & { release(): Promise<void> }> {
  if (!("open" in input)) return receiveContent(input, { operation: "read index", signal });
  return { open: (inner) => input.open(inner), release: async () => {} };
}

/** Characters of latin1 text, one a byte of UTF-8, so that structure costs no decoding; the byte order mark is left out. */
export async function* latin1Chunks(content: IndexContent, signal: AbortSignal | undefined): AsyncGenerator<string, void, undefined> {
  let head: Buffer | undefined = Buffer.alloc(0);
  let decoder: TextDecoder | undefined;
  for await (const chunk of content.open(signal)) {
    signal?.throwIfAborted();
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (head === undefined) {
      yield latin1Of(bytes, decoder);
      continue;
    }
    head = Buffer.concat([head, bytes]);
    if (head.byteLength < longestMark) continue;
    decoder = utf16Decoder(head);
    yield latin1Of(withoutMark(head), decoder);
    head = undefined;
  }
  if (head !== undefined && head.byteLength > 0) yield latin1Of(head, utf16Decoder(head));
}

/** As Helm's YAML reader: UTF-16 only where a byte order mark says so. The decoder takes the mark away. */
function utf16Decoder(head: Buffer): TextDecoder | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return new TextDecoder("utf-16le");
  return head[0] === 0xfe && head[1] === 0xff ? new TextDecoder("utf-16be") : undefined;
}

function latin1Of(bytes: Buffer, decoder: TextDecoder | undefined): string {
  if (decoder === undefined) return bytes.toString("latin1");
  return Buffer.from(decoder.decode(bytes, { stream: true })).toString("latin1");
}

function withoutMark(head: Buffer): Buffer {
  return head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? head.subarray(longestMark) : head;
}

/** The text that latin1 characters stand for; copied, so that a short string does not keep a whole chunk alive. */
export function utf8Text(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("utf8");
}

/** Bytes of UTF-8's byte order mark. */
const longestMark = 3;
