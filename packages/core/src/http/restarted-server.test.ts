import { afterEach, describe, expect, it } from "vitest";

import { createHttpClient } from "./create-http-client.ts";
import { manualClock } from "./testing/manual-clock.ts";
import { startStubServer, type StubServer, unusedOrigin } from "./testing/start-stub-server.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** Its waits take no time; `whileWaiting` is what happens in each of them. */
function clientOf(origin: URL, whileWaiting: (wait: number) => Promise<void> = () => Promise.resolve()) {
  const clock = manualClock();
  const sleep = async (milliseconds: number, signal?: AbortSignal): Promise<void> => {
    await clock.sleep(milliseconds, signal);
    await whileWaiting(clock.sleeps.length);
  };
  const http = createHttpClient({ origin, clock: { now: () => clock.now(), sleep }, random: () => 0 });
  closers.push(() => http.close());
  const get = async (): Promise<number> => {
    const answer = await http.send({ method: "GET", url: origin, operation: "test" });
    await answer.dump();
    return answer.status;
  };
  return { get, sleeps: clock.sleeps };
}

function serve(port = 0): Promise<StubServer> {
  return startStubServer((_request, response) => void response.setHeader("connection", "close").end("ok"), { port });
}

describe("a server where nobody listens", () => {
  it("is asked once if it has never answered", async () => {
    const { get, sleeps } = clientOf(await unusedOrigin());
    await expect(get()).rejects.toMatchObject({ code: "connection-refused", retryable: false });
    expect(sleeps).toEqual([]);
  });

  it("is waited for if it has answered before, as long as it takes to start it anew", async () => {
    const first = await serve();
    const { get, sleeps } = clientOf(first.origin, async (wait) => {
      if (wait < 4) return;
      const second = await serve(Number(first.origin.port));
      closers.push(() => second.close());
    });
    expect(await get()).toBe(200);
    await first.close();
    expect(await get()).toBe(200);
    expect(sleeps).toEqual([500, 1000, 2000, 4000]);
  });

  it("is given up in the end, and may be tried again later", async () => {
    const server = await serve();
    const { get } = clientOf(server.origin);
    await get();
    await server.close();
    await expect(get()).rejects.toMatchObject({
      code: "connection-refused",
      retryable: true,
      message: expect.stringContaining("has answered before and cannot be reached any more (ECONNREFUSED)"),
    });
  });
});
