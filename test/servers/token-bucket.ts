import { errorResponse, type RegistryHooks } from "@chartferry/registry";

export interface BucketOptions {
  /** Tokens a second, and as many at once. */
  readonly rate: number;
  readonly status: 429 | 503;
  /** Whole seconds, where the answer says when to come back. */
  readonly retryAfter?: number | undefined;
}

export interface TokenBucket {
  /** The answer to a request that finds the bucket empty. */
  take(): ReturnType<typeof errorResponse> | undefined;
  readonly granted: number;
  readonly refused: number;
  /** Granted, of all that the bucket held from the first request to the last that was granted. */
  used(): number;
  /** Granted a second, from the first request to the last that was granted. */
  pace(): number;
}

/** As many registries have in front of them. Starts full. */
export function createTokenBucket({ rate, status, retryAfter }: BucketOptions): TokenBucket {
  let [tokens, filledAt, granted, refused, firstAt, lastAt] = [rate, 0, 0, 0, 0, 0];
  const headers = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
  return {
    take() {
      const now = performance.now();
      if (firstAt === 0) [firstAt, filledAt] = [now, now];
      tokens = Math.min(rate, tokens + ((now - filledAt) / 1000) * rate);
      filledAt = now;
      if (tokens < 1) {
        refused++;
        return errorResponse({ status, code: "TOOMANYREQUESTS", message: "slow down", headers });
      }
      tokens--;
      granted++;
      lastAt = now;
      return undefined;
    },
    get granted() {
      return granted;
    },
    get refused() {
      return refused;
    },
    used: () => granted / (rate + (rate * (lastAt - firstAt)) / 1000),
    pace: () => (1000 * granted) / Math.max(1, lastAt - firstAt),
  };
}

export interface RegistryBuckets {
  readonly uploadStarts: TokenBucket;
  readonly manifestPuts: TokenBucket;
  readonly blobPuts?: TokenBucket;
}

function noWholeBlobs(): ReturnType<typeof errorResponse> {
  return errorResponse({ status: 405, code: "UNSUPPORTED", message: "uploads take two steps here" });
}

/** Holds what starts an upload, what sends its body and what puts a manifest, each for itself. */
export function bucketHooks({ uploadStarts, manifestPuts, blobPuts }: RegistryBuckets): RegistryHooks {
  const byKind: Record<string, () => ReturnType<TokenBucket["take"]>> = {
    "POST uploads": () => uploadStarts.take(),
    "PUT upload": () => blobPuts?.take(),
    "PUT manifest": () => manifestPuts.take(),
  };
  return {
    intercept: ({ request: { method, query }, route }) => {
      // Bodies come by themselves only where the registry does not take them with the start.
      if (blobPuts !== undefined && method === "POST" && query.has("digest")) return noWholeBlobs();
      return byKind[`${method} ${route?.kind ?? ""}`]?.();
    },
  };
}
