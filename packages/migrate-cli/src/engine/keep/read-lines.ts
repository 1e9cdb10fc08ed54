import { readSync } from "node:fs";

export interface FileLine {
  readonly text: string;
  /** Byte at which it starts. */
  readonly offset: number;
  /** Byte after its line feed. */
  readonly next: number;
}

/** Bytes read at once. */
const blockSize = 1024 * 1024;

/** Every line that ends in a line feed; of lines beyond `limit` bytes the text is empty. What follows the last line feed is left out. */
export function* readLines(descriptor: number, limit: number): Generator<FileLine, void, undefined> {
  const block = Buffer.alloc(blockSize);
  let kept: Buffer = Buffer.alloc(0);
  let [offset, position, tooLong] = [0, 0, false];
  for (;;) {
    const count = readSync(descriptor, block, 0, blockSize, position);
    if (count === 0) return;
    let start = 0;
    for (let end = block.indexOf(10); end >= 0 && end < count; end = block.indexOf(10, start)) {
      const whole = tooLong ? Buffer.alloc(0) : Buffer.concat([kept, block.subarray(start, end)]);
      const next = position + end + 1;
      yield { text: whole.byteLength > limit ? "" : whole.toString(), offset, next };
      [kept, offset, start, tooLong] = [Buffer.alloc(0), next, end + 1, false];
    }
    if (kept.byteLength + count - start > limit) [kept, tooLong] = [Buffer.alloc(0), true];
    else if (!tooLong) kept = Buffer.concat([kept, block.subarray(start, count)]);
    position += count;
  }
}
