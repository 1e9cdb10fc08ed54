import type { Writable } from "node:stream";

/**
 * Writes one piece after the other, each when the reader has taken the one before: a document of a million records never lies in
 * memory because `less` shows its first page. Ends early, and quietly, when there is nobody left to write to.
 */
export async function writePieces(stream: Writable, pieces: Iterable<string>): Promise<void> {
  for (const piece of pieces) {
    if (stream.destroyed || stream.writableEnded) return;
    if (!stream.write(piece)) await roomOrEnd(stream);
  }
}

async function roomOrEnd(stream: Writable): Promise<void> {
  const events = ["drain", "close", "error"] as const;
  await new Promise<void>((resolve) => {
    const settle = (): void => {
      for (const event of events) stream.off(event, settle);
      resolve();
    };
    for (const event of events) stream.on(event, settle);
    if (stream.destroyed || !stream.writableNeedDrain) settle();
  });
}
