import { PassThrough } from "node:stream";

import { describe, expect, it } from "vitest";

import { writePieces } from "./write-pieces.ts";

/** Counts how many of the pieces were asked for. */
function* counted(pieces: readonly string[], asked: { count: number }): Generator<string, void, undefined> {
  for (const piece of pieces) {
    asked.count++;
    yield piece;
  }
}

const pieces = Array.from({ length: 100 }, (_, number) => `${number}`.padEnd(10));

describe("pieces of a document", () => {
  it("wait until the reader has taken those before", async () => {
    const stream = new PassThrough({ highWaterMark: 32 });
    const asked = { count: 0 };
    const writing = writePieces(stream, counted(pieces, asked));
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked.count).toBeLessThan(10);
    let text = "";
    stream.on("data", (chunk) => (text += String(chunk)));
    await writing;
    expect([asked.count, text]).toEqual([100, pieces.join("")]);
  });

  it("end when the reader goes away", async () => {
    const stream = new PassThrough({ highWaterMark: 32 });
    stream.on("error", () => {});
    const asked = { count: 0 };
    const writing = writePieces(stream, counted(pieces, asked));
    stream.destroy(new Error("EPIPE"));
    await writing;
    expect(asked.count).toBeLessThan(10);
  });
});
