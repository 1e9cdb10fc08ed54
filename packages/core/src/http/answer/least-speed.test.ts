import { describe, expect, it } from "vitest";

import { atLeastSpeed, leastBytes } from "./least-speed.ts";
import { manualClock } from "../testing/manual-clock.ts";

const tooSlow = (came: { bytes: number; milliseconds: number }): Error => new Error(`${came.bytes} bytes in ${came.milliseconds} ms`);

/** Reads pieces of that size, each of which the server keeps back for so long; between two of them the reader is busy with something else. */
async function readPieces({ count, size, waitMs, busyMs = 0 }: { count: number; size: number; waitMs: number; busyMs?: number }) {
  const clock = manualClock();
  const began = clock.now();
  let sent = 0;
  const next = (): Promise<Uint8Array | undefined> => {
    if (sent++ === count) return Promise.resolve(undefined);
    clock.advance(waitMs);
    return Promise.resolve(new Uint8Array(size));
  };
  const read = atLeastSpeed(next, { clock, withinMs: 60_000, tooSlow });
  let total = 0;
  try {
    for (let chunk = await read(); chunk !== undefined; chunk = await read()) {
      total += chunk.byteLength;
      clock.advance(busyMs);
    }
    return total;
  } catch (error) {
    return { error: error instanceof Error ? error.message : error, afterMs: clock.now() - began };
  }
}

describe("a body that comes byte by byte", () => {
  it("is given up after a minute", async () => {
    expect(await readPieces({ count: 1e6, size: 1, waitMs: 5000 })).toEqual({ error: "12 bytes in 60000 ms", afterMs: 60_000 });
  });

  it("is given up when it began fast, and when it is nearly fast enough", async () => {
    expect(await readPieces({ count: 1e6, size: leastBytes / 2 - 1, waitMs: 30_000 })).toMatchObject({ afterMs: 60_000 });
  });

  it("has all the time it needs when it is slow, but not that slow", async () => {
    expect(await readPieces({ count: 1000, size: leastBytes / 2, waitMs: 30_000 })).toBe((1000 * leastBytes) / 2);
  });

  it("is not held against the server while its reader is busy with something else", async () => {
    expect(await readPieces({ count: 100, size: 1, waitMs: 500, busyMs: 600_000 })).toBe(100);
  });

  it("may be short and take its minute", async () => {
    expect(await readPieces({ count: 2, size: 10, waitMs: 29_999 })).toBe(20);
  });
});
