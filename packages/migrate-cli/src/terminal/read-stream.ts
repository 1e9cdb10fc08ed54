import { addAbortSignal, type Readable } from "node:stream";

import { ChartferryError } from "@chartferry/core";

import { interruptedReading } from "./interrupted-reading.ts";

export interface ReadStreamOptions {
  /** What it is, for messages: `stdin`. */
  readonly name: string;
  readonly limitBytes: number;
  readonly interrupt: AbortSignal;
}

/** All that comes by a stream that may never end. @throws aborted, as soon as the user interrupts; usage, where it is too much */
export async function readStream(stream: Readable, { name, limitBytes, interrupt }: ReadStreamOptions): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of addAbortSignal(interrupt, stream)) {
      const bytes = Buffer.from(piece);
      size += bytes.byteLength;
      if (size > limitBytes) throw tooMuch(name, limitBytes);
      pieces.push(bytes);
    }
  } catch (error) {
    throw interrupt.aborted ? interruptedReading() : error;
  }
  return Buffer.concat(pieces);
}

function tooMuch(name: string, limitBytes: number): ChartferryError {
  return new ChartferryError(`${name} holds more than ${limitBytes / 1024} KiB`, { code: "usage", operation: "read input" });
}
