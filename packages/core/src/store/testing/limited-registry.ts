import { bytesContent } from "../../content.ts";
import type { HttpAnswer } from "../../http/http-client.ts";
import { createRequestGate, type RequestGate, throughGate } from "../../http/gate/request-gate.ts";
import { repeatedly, waitBeforeRetry } from "../../http/gate/retry.ts";
import { virtualClock, type VirtualClock } from "../../http/testing/virtual-clock.ts";
import { uploadBlob } from "../blob-upload.ts";
import { findBlob } from "../http-store.ts";
import { putManifest } from "../manifest-calls.ts";
import type { RepositoryEnd } from "../repository-end.ts";

/** A registry with a token bucket in front of one kind of its requests. */
export interface LimitedRegistry {
  readonly limits: "POST upload" | "PUT upload" | "PUT manifest";
  /** Tokens a second. */
  readonly rate: number;
  /** Tokens that the bucket holds. */
  readonly burst: number;
  readonly status: 429 | 503;
  /** Seconds. */
  readonly retryAfter?: number;
  /** Whether it still knows an upload whose body it has refused. */
  readonly keepsSessions?: boolean;
}

export interface Pushed {
  readonly failed: readonly unknown[];
  /** Of the limited requests. */
  readonly granted: number;
  readonly refused: number;
  /** Of all that the bucket held from the first limited request to the last that was granted. */
  readonly used: number;
  /** How often each kind was asked for. */
  readonly requests: Readonly<Record<string, number>>;
  /** Between the first request and the end of the last. */
  readonly seconds: number;
}

/** From sending to the answer. Milliseconds. */
const roundTrip = 6;
const maxWaitMs = 15 * 60_000;
const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** The same numbers every time. Source: Park and Miller's generator. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

/** Sends versions of two blobs and a manifest each, 16 at a time, through the gate and the real uploads; time passes only in the numbers. */
export async function pushVersions(registry: LimitedRegistry, versions: number, seed = 1): Promise<Pushed> {
  const clock = virtualClock();
  const options = { clock, maxWaitMs, attempts: 5, random: seededRandom(seed) };
  const server = limitedServer(registry, clock);
  const end = endAt(server, createRequestGate(options), options);
  const failed: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < versions) {
      const version = next++;
      const blobs = ["archive", "config"].map((part) => bytesContent(new TextEncoder().encode(`${part} ${version}`)));
      const manifest = bytesContent(new TextEncoder().encode(`manifest ${version}`));
      const stored = { mediaType: manifestType, digest: manifest.digest, bytes: manifest.bytes ?? new Uint8Array() };
      await Promise.all(blobs.map((blob) => uploadBlob(end, blob)))
        .then(() => putManifest(end, { reference: `1.${version}.0`, manifest: stored }))
        .catch((error: unknown) => failed.push(error));
    }
  };
  const began = clock.now();
  await clock.run(Promise.all(Array.from({ length: 16 }, worker)));
  return { ...server.counts(), failed, seconds: (clock.now() - began) / 1000 };
}

type Server = ReturnType<typeof limitedServer>;
type EndOptions = Parameters<typeof createRequestGate>[0];

function endAt(server: Server, gate: RequestGate, options: EndOptions): RepositoryEnd {
  const end: RepositoryEnd = {
    registry: "registry.test",
    repository: "web",
    uploads: { singlePost: "no" },
    tagPageSize: undefined,
    manifestBytes: 4 * 1024 * 1024,
    url: (path) => new URL(`https://registry.test/v2/web/${path}`),
    send: (request) =>
      repeatedly(({ patience }) => throughGate(gate, { ...request, patience }, () => server.answer(request)), request, options),
    findBlob: (digest, call) => findBlob(end, digest, call),
    pause: (repeat) => waitBeforeRetry(repeat, options),
    mapError: () => undefined,
  };
  return end;
}

function limitedServer({ limits, rate, burst, status, retryAfter, keepsSessions = true }: LimitedRegistry, clock: VirtualClock) {
  const bucket = createBucket(rate, burst, clock);
  const requests: Record<string, number> = {};
  const sessions = new Set<string>();
  let session = 0;
  const respond = (kind: string, url: URL): Pick<HttpAnswer, "status" | "headers"> => {
    if (kind === limits && !bucket.take()) {
      if (!keepsSessions) sessions.delete(url.pathname);
      return { status, headers: retryAfter === undefined ? {} : { "retry-after": String(retryAfter) } };
    }
    if (kind === "HEAD blob") return { status: 404, headers: {} };
    if (kind === "PUT upload") return { status: sessions.delete(url.pathname) ? 201 : 404, headers: {} };
    if (kind !== "POST upload") return { status: 201, headers: {} };
    const location = `/uploads/${session++}`;
    sessions.add(location);
    return { status: 202, headers: { location } };
  };
  return {
    counts: () => ({ ...bucket.counts(), requests }),
    async answer({ method, url }: { readonly method: string; readonly url: URL }): Promise<HttpAnswer> {
      const kind = `${method} ${url.pathname.includes("/manifests/") ? "manifest" : method === "HEAD" ? "blob" : "upload"}`;
      requests[kind] = (requests[kind] ?? 0) + 1;
      await clock.sleep(roundTrip / 2);
      const answer = respond(kind, url);
      await clock.sleep(roundTrip / 2);
      return { ...answer, url, bytes: () => Promise.resolve(new Uint8Array()), async *stream() {}, dump: () => Promise.resolve() };
    },
  };
}

function createBucket(rate: number, burst: number, clock: VirtualClock) {
  let [tokens, filledAt, firstAt, lastAt, granted, refused] = [burst, 0, 0, 0, 0, 0];
  return {
    take(): boolean {
      const now = clock.now();
      if (firstAt === 0) [firstAt, filledAt] = [now, now];
      tokens = Math.min(burst, tokens + ((now - filledAt) * rate) / 1000);
      filledAt = now;
      if (tokens < 1) {
        refused++;
        return false;
      }
      tokens--;
      granted++;
      lastAt = now;
      return true;
    },
    counts: () => ({ granted, refused, used: granted / (burst + (rate * (lastAt - firstAt)) / 1000) }),
  };
}
