import { createHash } from "node:crypto";

import { splitDigest, type Digest } from "../digest.ts";

/** The digest of the bytes by the algorithm that another digest uses. */
export function digestWith(like: Digest, bytes: Uint8Array): Digest {
  const { algorithm } = splitDigest(like);
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}
