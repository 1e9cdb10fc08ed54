import { setFlagsFromString } from "node:v8";

/**
 * Keeps the young generation at its first size, 1 MiB. Going through an index makes much garbage and keeps little (16 MB of 300): V8 would
 * grow to three times 16 MiB for it. Measured with a 300 MB index: 173 MB of memory at the most instead of 221, for a fifth more of CPU time.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("-semi-space-growth-factor=1");
}
