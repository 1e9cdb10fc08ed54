import { createHash, randomBytes } from "node:crypto";

/** Foreseen by nobody: whoever writes an index cannot choose names that meet in a table. */
const seed = randomBytes(16);

/**
 * 53 bits from a text, for tables in memory only: every process has its own. Different texts meet by chance alone: among a million names
 * once in about 18 000 runs. The journal checks its hits against the text; the crawl keeps no texts and relies on that rarity.
 */
export function hashText(text: string): number {
  const digest = createHash("sha256").update(seed).update(text).digest();
  return digest.readUIntBE(0, 6) * 32 + (digest.readUInt8(6) >>> 3);
}
