import { afterEach, describe, expect, it } from "vitest";

import type { Clock } from "../../clock.ts";
import { ChartferryError } from "../../errors.ts";
import { createHttpClient, type HttpClientOptions } from "../create-http-client.ts";
import type { HttpRequest } from "../http-client.ts";
import { newPatience } from "./patience.ts";
import { repeatedly, waitBeforeRetry } from "./retry.ts";
import { manualClock } from "../testing/manual-clock.ts";
import { startStubServer } from "../testing/start-stub-server.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

function lost(code: "timeout" | "connection-lost"): ChartferryError {
  return new ChartferryError("it broke", { code, operation: "push blob", retryable: true, registry: "reg.example" });
}

/** Answers with the statuses in turn, then with 200; gives the waits back. */
async function send(
  statuses: readonly (readonly [number, Record<string, string>?])[],
  options: Partial<HttpClientOptions & HttpRequest> = {},
) {
  let turn = 0;
  const server = await startStubServer((_request, response) => {
    const [status, headers] = statuses[turn++] ?? [200];
    response.writeHead(status, headers);
    response.end("text");
  });
  const clock = manualClock(Date.UTC(2024, 5, 1));
  const http = createHttpClient({ origin: server.origin, clock, random: () => 0.5, ...options });
  closers.push(
    () => server.close(),
    () => http.close(),
  );
  const sending = http.send({ method: "GET", url: server.origin, operation: "test", ...options });
  const outcome: unknown = await sending.catch((error: unknown) => error);
  return { outcome, waits: clock.sleeps, requests: server.requests.length };
}

describe("repeating requests", () => {
  it.each([408, 429, 499, 500, 502, 503, 504, 522])("repeats after %i", async (status) => {
    const { outcome, requests } = await send([[status], [status]]);
    expect(outcome).toMatchObject({ status: 200 });
    expect(requests).toBe(3);
  });

  it.each([400, 401, 403, 404, 405, 409, 416, 501, 505])("gives back %i at once", async (status) => {
    const { outcome, requests, waits } = await send([[status]]);
    expect({ outcome, requests, waits }).toMatchObject({ outcome: { status }, requests: 1, waits: [] });
  });

  it("waits a random share of a doubling span", async () => {
    const { waits } = await send([[500], [500], [500], [500]]);
    expect(waits).toEqual([200, 400, 800, 1600]);
  });

  it("gives the last answer back when its attempts are used up", async () => {
    const { outcome, requests } = await send([[503], [503], [503], [503]], { attempts: 3 });
    expect({ outcome, requests }).toMatchObject({ outcome: { status: 503 }, requests: 3 });
  });

  it("honours Retry-After in full: seconds, and dates relative to the answer's own clock", async () => {
    const seconds = await send([[429, { "retry-after": "120" }]], { random: () => 0 });
    expect(seconds.waits).toEqual([120_000]);
    const date = { "retry-after": "Sat, 01 Jun 2024 10:05:00 GMT", date: "Sat, 01 Jun 2024 10:00:00 GMT" };
    expect((await send([[503, date]], { random: () => 0 })).waits).toEqual([300_000]);
  });

  it("fails as rate-limited where the wait is longer than allowed", async () => {
    const { outcome, waits, requests } = await send([[429, { "retry-after": "3600" }]], { maxWaitMs: 900_000 });
    expect(outcome).toMatchObject({ code: "rate-limited", retryable: true, retryAfterMs: 3_600_000, status: 429 });
    expect([waits, requests]).toEqual([[], 1]);
  });

  it("fails as unavailable where a fault asks for a longer wait than is allowed", async () => {
    const { outcome, requests } = await send([[500, { "retry-after": "3600" }]], { maxWaitMs: 900_000 });
    expect(outcome).toMatchObject({ code: "unavailable", retryable: true, retryAfterMs: 3_600_000, status: 500 });
    expect(outcome).toMatchObject({ hint: expect.stringContaining("--max-wait") });
    expect(requests).toBe(1);
  });

  it("does not repeat where the caller repeats itself", async () => {
    const { outcome, requests } = await send([[500]], { repeats: "upload" });
    expect({ outcome, requests }).toMatchObject({ outcome: { status: 500 }, requests: 1 });
    expect(await send([[503]], { repeats: "probe" })).toMatchObject({ outcome: { status: 503 }, requests: 1 });
  });

  it.each([
    ["HEAD", 429],
    ["POST", 429],
    ["PUT", 429],
    ["HEAD", 503],
    ["POST", 503],
    ["PUT", 503],
  ] as const)(
    "waits with a %s that is answered %i and a Retry-After time and again, though the caller repeats all else himself",
    async (method, status) => {
      const statuses = Array.from({ length: 12 }, () => [status, { "retry-after": "3" }] as const);
      const { outcome, requests } = await send(statuses, { repeats: "upload", method });
      expect({ outcome, requests }).toMatchObject({ outcome: { status: 200 }, requests: 13 });
    },
  );

  it.each(["HEAD", "POST", "PUT"] as const)(
    "waits with a %s that is asked to, though the caller repeats all else himself",
    async (method) => {
      const { outcome, requests } = await send([[429]], { repeats: "upload", method });
      expect({ outcome, requests }).toMatchObject({ outcome: { status: 200 }, requests: 2 });
    },
  );

  it.each([429, 500, 503])("waits after %i and a Retry-After of 0 as after one without", async (status) => {
    const over = [status, { "retry-after": "0" }] as const;
    const bare = [status] as const;
    const reasons: string[] = [];
    const onPause: HttpClientOptions["onPause"] = ({ reason }) => void reasons.push(reason);
    const { waits } = await send([over, over, over, over], { onPause });
    expect(waits).toEqual((await send([bare, bare, bare, bare])).waits);
    expect(waits.at(-1)).toBeGreaterThan(1000);
    expect(reasons.at(-1)).toMatch(new RegExp(`answers ${status}$`));
  });

  it("gives the error back to a caller that asked for more patience than there is", async () => {
    const clock = manualClock();
    const error = new ChartferryError("wait", { code: "rate-limited", operation: "push blob", retryable: true, retryAfterMs: 10_000 });
    await expect(waitBeforeRetry({ attempt: 1, error }, { clock, maxWaitMs: 5000 })).rejects.toBe(error);
    await waitBeforeRetry({ attempt: 1, error }, { clock, maxWaitMs: 10_000, random: () => 0 });
    expect(clock.sleeps).toEqual([10_000]);
  });

  it("stops waiting when told to", async () => {
    const controller = new AbortController();
    const clock = {
      now: () => 0,
      sleep: () => new Promise<void>((_resolve, reject) => controller.signal.addEventListener("abort", () => reject(new Error("x")))),
    };
    const sending = send([[503]], { clock, signal: controller.signal });
    setTimeout(() => controller.abort(), 30);
    expect((await sending).outcome).toMatchObject({ code: "aborted" });
  });

  it("tells of every wait of a second or more, and of no shorter one", async () => {
    const told: unknown[] = [];
    const statuses = [[503], [429, { "retry-after": "30" }]] as const;
    const { outcome } = await send(statuses, {
      onPause: (pause) => told.push({ ...pause, host: pause.host.slice(0, 9) }),
      random: () => 0.1,
    });
    expect(outcome).toMatchObject({ status: 200 });
    expect(told).toEqual([
      {
        host: "127.0.0.1",
        milliseconds: 30_000,
        reason: expect.stringMatching(/^127\.0\.0\.1:\d+ answers 429 and asks to wait 30 s$/),
      },
    ]);
  });

  it("tells of each attempt that got no answer, for how long, and how many are left", async () => {
    const told: unknown[] = [];
    const clock = manualClock();
    const failures = [lost("timeout"), lost("connection-lost"), lost("connection-lost")];
    const took = [60_000, 0, 5000];
    const sending = repeatedly(
      async ({ attempt }) => {
        await clock.sleep(took[attempt - 1] ?? 0);
        throw failures[attempt - 1] ?? lost("timeout");
      },
      { url: new URL("https://reg.example"), operation: "push blob" },
      { clock, random: () => 0.1, maxWaitMs: 1000, attempts: 4, onPause: (pause) => told.push(pause) },
    );
    await expect(sending).rejects.toMatchObject({ code: "timeout" });
    expect(told).toEqual([
      { host: "reg.example", milliseconds: 40, reason: "no answer from reg.example for 60 s, trying again (2 of 4)" },
      { host: "reg.example", milliseconds: 160, reason: "it broke, trying again (4 of 4)" },
    ]);
  });

  it.each([
    ["twice, for two minutes in all, a host that never said anything", true, 60_000, 2],
    ["as often as any other a host that takes no connection for a shorter time", true, 10_000, 5],
    ["as often as any other a host that has answered before", false, 60_000, 5],
  ])("asks %s", async (...[, unheard, tookMs, attempts]) => {
    const clock = manualClock();
    const began = clock.now();
    const told: string[] = [];
    let sent = 0;
    const patience = newPatience();
    const sending = repeatedly(
      async (attempt) => {
        sent++;
        await clock.sleep(tookMs);
        attempt.patience.unheard = unheard;
        throw lost("timeout");
      },
      { url: new URL("https://reg.example"), operation: "push blob", patience },
      { clock, random: () => 0.1, maxWaitMs: 1000, attempts: 5, onPause: ({ reason }) => told.push(reason) },
    );
    await expect(sending).rejects.toMatchObject({ code: "timeout", retryable: true });
    expect({ sent, told: told.length }).toEqual({ sent: attempts, told: attempts - 1 });
    if (attempts === 2)
      expect([clock.now() - began < 121_000, told]).toEqual([true, ["no answer from reg.example for 60 s, trying again"]]);
  });

  it("asks a host that never says anything twice, and tells for how long, though the machine's clock is set back meanwhile", async () => {
    const steady = manualClock();
    const told: string[] = [];
    let sent = 0;
    const clock: Clock = {
      now: () => steady.now() - sent * 3_600_000,
      steady: () => steady.now(),
      sleep: (milliseconds, signal) => steady.sleep(milliseconds, signal),
    };
    const sending = repeatedly(
      async ({ patience }) => {
        sent++;
        await clock.sleep(60_000);
        patience.unheard = true;
        throw lost("timeout");
      },
      { url: new URL("https://reg.example"), operation: "push blob" },
      { clock, random: () => 0.1, maxWaitMs: 1000, attempts: 5, onPause: ({ reason }) => told.push(reason) },
    );
    await expect(sending).rejects.toMatchObject({ code: "timeout" });
    expect({ sent, told }).toEqual({ sent: 2, told: ["no answer from reg.example for 60 s, trying again"] });
  });

  it("asks again right before it goes out whether it still should, if it was held back", async () => {
    const held: number[] = [];
    const whenHeld = (milliseconds: number): Promise<void> => Promise.resolve(void held.push(milliseconds));
    const sent = await send(
      [
        [429, { "retry-after": "90" }],
        [429, { "retry-after": "30" }],
      ],
      { whenHeld, random: () => 0 },
    );
    expect(sent).toMatchObject({ outcome: { status: 200 }, requests: 3 });
    expect(held).toEqual([90_000, 120_000]);
    const calledOff = new ChartferryError("no more need", { code: "already-exists", operation: "test" });
    const off = await send([[429, { "retry-after": "90" }]], { whenHeld: () => Promise.reject(calledOff) });
    expect(off).toMatchObject({ outcome: calledOff, requests: 1 });
    expect(await send([[200]], { whenHeld: () => Promise.reject(calledOff) })).toMatchObject({ outcome: { status: 200 } });
  });

  it("waits for nobody any more once waiting is stopped, and begins no other wait", async () => {
    const stopping = new AbortController();
    const sleeps: number[] = [];
    const clock: Clock = {
      now: () => 0,
      sleep: async (milliseconds, signal) => {
        sleeps.push(milliseconds);
        stopping.abort();
        signal?.throwIfAborted();
      },
    };
    const stopWaiting = stopping.signal;
    const asleep = await send([[429, { "retry-after": "600" }]], { clock, stopWaiting, random: () => 0 });
    expect(asleep).toMatchObject({ outcome: { code: "aborted" }, requests: 1 });
    const fine = await send([[200]], { clock, stopWaiting });
    expect(fine).toMatchObject({ outcome: { status: 200 }, requests: 1 });
    expect(sleeps).toEqual([600_000]);
  });
});
