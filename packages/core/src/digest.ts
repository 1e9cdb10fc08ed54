import { createHash } from "node:crypto";

import { ChartferryError } from "./errors.ts";

/** `sha256:` or `sha512:` and lower-case hex. */
export type Digest = string;

const hexLengths: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };

/** sha256 digest of bytes already in memory. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The digest of the bytes by the algorithm that another digest uses. */
export function digestWith(like: Digest, bytes: Uint8Array): Digest {
  const { algorithm } = splitDigest(like);
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

/** Whether the text is a digest of an algorithm we can verify; digests become file names, so nothing else may pass. */
export function isDigest(text: string): boolean {
  const [algorithm = "", hex = "", ...rest] = text.split(":");
  return rest.length === 0 && Object.hasOwn(hexLengths, algorithm) && hex.length === hexLengths[algorithm] && /^[0-9a-f]+$/.test(hex);
}

/** The algorithm and the hex of a valid digest. @throws reference-invalid */
export function splitDigest(digest: Digest): { algorithm: string; hex: string } {
  if (!isDigest(digest)) {
    throw new ChartferryError(`not a digest: ${JSON.stringify(digest).slice(0, 160)}`, {
      code: "reference-invalid",
      operation: "read digest",
    });
  }
  const colon = digest.indexOf(":");
  return { algorithm: digest.slice(0, colon), hex: digest.slice(colon + 1) };
}

/**
 * Passes chunks on while hashing; fails after the last one with `digest-mismatch` or `size-mismatch`,
 * and as soon as more than `size` bytes have come. Nothing is allocated by the declared size.
 */
export async function* verifiedStream(
  chunks: AsyncIterable<Uint8Array>,
  expected: { readonly digest: Digest; readonly size?: number | undefined; readonly operation: string },
): AsyncGenerator<Uint8Array, void, undefined> {
  const { algorithm } = splitDigest(expected.digest);
  const hash = createHash(algorithm);
  let received = 0;
  for await (const chunk of chunks) {
    received += chunk.byteLength;
    if (expected.size !== undefined && received > expected.size) throw sizeMismatch(expected.size, received, expected.operation);
    hash.update(chunk);
    yield chunk;
  }
  if (expected.size !== undefined && received !== expected.size) throw sizeMismatch(expected.size, received, expected.operation);
  const actual = `${algorithm}:${hash.digest("hex")}`;
  if (actual !== expected.digest) {
    throw new ChartferryError(`the bytes have digest ${actual}, not ${expected.digest}`, {
      code: "digest-mismatch",
      operation: expected.operation,
    });
  }
}

function sizeMismatch(size: number, received: number, operation: string): ChartferryError {
  return new ChartferryError(`received ${received} bytes where ${size} were declared`, { code: "size-mismatch", operation });
}
