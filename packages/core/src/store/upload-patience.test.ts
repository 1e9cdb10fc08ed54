import type { ServerResponse } from "node:http";

import { afterEach, describe, expect, it } from "vitest";

import { bytesContent } from "../content.ts";
import { isChartferryError } from "../errors.ts";
import { waitBeforeRetry } from "../http/gate/retry.ts";
import { manualClock } from "../http/testing/manual-clock.ts";
import { stubWorld } from "../http/testing/stub-world.ts";
import { uploadBlob } from "./blob-upload.ts";
import { findBlob } from "./http-store.ts";
import type { RepositoryEnd } from "./repository-end.ts";
import { scriptedEnd } from "./testing/scripted-end.ts";

const { stub, client, close } = stubWorld();
afterEach(close);

interface Script {
  readonly refusals: number;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** What a session answers whose body was refused before. Default: it takes the body. */
  readonly lost?: number;
  /** So many sessions are lost for no reason. */
  readonly losses?: number;
}

/** Uploads a blob to a registry that refuses its body so many times; the client and its gate are the real ones, the clock counts only. */
async function throughClient({ refusals, status, headers, lost, losses = 0 }: Script) {
  let [puts, refused, lostNow] = [0, 0, losses];
  const server = await stub(({ method }, response) => {
    if (method === "POST") response.writeHead(202, { location: "/up/1" });
    else if (method === "HEAD") response.writeHead(404);
    else answerPut(response);
    response.end();
  });
  const answerPut = (response: ServerResponse): void => {
    puts++;
    if (lost !== undefined && lostNow > 0) {
      lostNow--;
      response.writeHead(lost);
    } else if (refused < refusals) {
      refused++;
      if (lost !== undefined) lostNow = 1;
      response.writeHead(status, headers);
    } else response.writeHead(201);
  };
  const clock = manualClock();
  const maxWaitMs = 15 * 60_000;
  const http = client(server.origin, { clock, maxWaitMs, random: () => 0.5 });
  const end: RepositoryEnd = {
    ...scriptedEnd(() => ({ status: 500 })),
    url: (path) => new URL(`/v2/charts/web/${path}`, server.origin),
    send: (request) => http.send(request),
    findBlob: (digest, options) => findBlob(end, digest, options),
    pause: (retry) => waitBeforeRetry(retry, { clock, maxWaitMs, random: () => 0.5 }),
  };
  const outcome = await uploadBlob(end, bytesContent(new TextEncoder().encode("chart archive"))).then(
    () => "stored",
    (error: unknown) => (isChartferryError(error) ? error.code : error),
  );
  return { outcome, puts };
}

describe("a blob whose body is refused", () => {
  it.each([429, 503])("goes on for as long as it may where the registry refuses the body for now (%i), and no longer", async (status) => {
    const served = await throughClient({ refusals: 20, headers: { "retry-after": "30" }, status });
    expect(served).toEqual({ outcome: "stored", puts: 21 });
    const endless = await throughClient({ refusals: Infinity, headers: { "retry-after": "30" }, status });
    // 15 minutes are 30 times 30 seconds.
    expect(endless).toMatchObject({ outcome: "rate-limited" });
    expect(endless.puts).toBeGreaterThan(25);
    expect(endless.puts).toBeLessThan(32);
  });

  it.each([400, 404, 416])("begins anew, and counts no fault, where its session went with the refused body (%i)", async (lost) => {
    expect(await throughClient({ refusals: 5, headers: { "retry-after": "1" }, status: 429, lost })).toEqual({
      outcome: "stored",
      puts: 11,
    });
    expect(await throughClient({ refusals: 0, headers: {}, status: 429, lost: 400, losses: 1 })).toMatchObject({ puts: 1 });
  });

  it("takes a body that is refused again and again without a word (503) for a fault", async () => {
    expect(await throughClient({ refusals: 4, headers: {}, status: 503 })).toEqual({ outcome: "stored", puts: 5 });
    // For a minute: it has served before.
    expect(await throughClient({ refusals: Infinity, headers: {}, status: 503 })).toEqual({ outcome: "unavailable", puts: 9 });
  });
});
