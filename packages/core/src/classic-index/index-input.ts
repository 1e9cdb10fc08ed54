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

/** Characters of latin1 text, one a byte, so that structure costs no decoding; the byte order mark is left out. */
export async function* latin1Chunks(content: IndexContent, signal: AbortSignal | undefined): AsyncGenerator<string, void, undefined> {
  let head: string | undefined = "";
  for await (const chunk of content.open(signal)) {
    signal?.throwIfAborted();
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1");
    if (head === undefined) {
      yield text;
      continue;
    }
    head += text;
    if (head.length < byteOrderMark.length) continue;
    yield head.startsWith(byteOrderMark) ? head.slice(byteOrderMark.length) : head;
    head = undefined;
  }
  if (head !== undefined && head !== "") yield head;
}

/** The text that latin1 characters stand for; copied, so that a short string does not keep a whole chunk alive. */
export function utf8Text(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("utf8");
}

/** UTF-8's byte order mark, read as latin1. */
const byteOrderMark = "\u00ef\u00bb\u00bf";
