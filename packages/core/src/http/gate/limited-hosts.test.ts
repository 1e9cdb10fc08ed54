import { describe, expect, it } from "vitest";

import type { GateOptions } from "./request-gate.ts";
import { type LimitedHost, sendThroughGate } from "../testing/limited-host.ts";
import { virtualClock } from "../testing/virtual-clock.ts";

/** The same numbers every time. Source: Park and Miller's generator. */
function seededRandom(seed = 1): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

function served(host: LimitedHost, count: number, options: Partial<GateOptions> = {}) {
  const clock = virtualClock();
  const gate = { clock, random: seededRandom(), maxWaitMs: 15 * 60_000, attempts: 5, ...options };
  return clock.run(sendThroughGate(host, { count, concurrency: 32 }, gate));
}

const words = [
  ["429 with Retry-After", { status: 429, retryAfter: "rounded up" }],
  ["a plain 429", { status: 429 }],
  ["429 and a Retry-After of 0", { status: 429, retryAfter: "rounded down" }],
  ["429 and a date that is now", { status: 429, retryAfter: "date" }],
  ["429 and a date gone by", { status: 429, retryAfter: "date gone by" }],
  ["429 and a part of a second", { status: 429, retryAfter: "exact" }],
  ["429 and far too short a wait", { status: 429, retryAfter: "too short" }],
  ["503", { status: 503 }],
  ["503 and a Retry-After of 0", { status: 503, retryAfter: "rounded down" }],
  ["503 and a date that is now", { status: 503, retryAfter: "date" }],
  ["429s that take a token themselves", { status: 429, refusalsCost: true }],
] as const;

describe.each(words)("a host with a token bucket that answers %s", (_name, how) => {
  it.each([
    { rate: 100, burst: 100, roundTrip: 2, count: 3000 },
    { rate: 100, burst: 500, roundTrip: 50, count: 3000 },
    { rate: 10, burst: 10, roundTrip: 2, count: 400 },
    { rate: 10, burst: 50, roundTrip: 50, count: 400 },
    { rate: 1000, burst: 1000, roundTrip: 2, count: 10_000 },
  ])("gives $count requests nearly all of its $rate a second, refuses few and fails none", async ({ count, ...limit }) => {
    const { granted, refused, failed, used } = await served({ ...limit, ...how }, count);
    expect({ granted, failed }).toEqual({ granted: count, failed: [] });
    expect(used).toBeGreaterThan(0.85);
    // 31 of 32 are on their way before the first refusal is known; all in all it takes some 70 to 250.
    expect(refused).toBeLessThan(260);
  });
});

describe("a host with a token bucket to which many a connection breaks", () => {
  it("takes as much as another: a request that broke gives its place back", async () => {
    const { granted, failed, used } = await served({ rate: 10, burst: 10, roundTrip: 2, status: 429, breaksEvery: 20 }, 400);
    expect({ granted, failed }).toEqual({ granted: 400, failed: [] });
    expect(used).toBeGreaterThan(0.8);
  });
});

describe("a bucket that holds one token", () => {
  it.each([10, 100])("is used well too, at %i a second", async (rate) => {
    const { failed, used } = await served({ rate, burst: 1, roundTrip: 2, status: 429 }, rate * 40);
    expect(failed).toEqual([]);
    expect(used).toBeGreaterThan(0.85);
  });
});

describe("a host that refuses for ever", () => {
  it.each([
    ["429", { status: 429 }, 60_000],
    ["429 with Retry-After", { status: 429, retryAfter: "rounded up" }, 60_000],
    ["503 with Retry-After", { status: 503, retryAfter: "rounded up" }, 60_000],
  ] as const)("with %s fails each request as rate-limited once it was held for as long as allowed", async (_name, how, maxWaitMs) => {
    const { failed, milliseconds, refused } = await served({ rate: 1e-9, burst: 0, roundTrip: 2, ...how }, 64, { maxWaitMs });
    expect(failed).toHaveLength(64);
    expect(failed[0]).toMatchObject({ code: "rate-limited", message: expect.stringContaining("registry.test answers") });
    expect(milliseconds).toBeLessThan(2 * maxWaitMs + 25_000);
    expect(refused).toBeLessThan(120);
  });

  it("with 503 and no word more counts as broken after some attempts, for all who wait", async () => {
    const { failed, refused, milliseconds } = await served({ rate: 1e-9, burst: 0, roundTrip: 2, status: 503 }, 32);
    expect(failed).toHaveLength(32);
    expect(failed.filter((each) => each === 503).length).toBeGreaterThan(0);
    expect(failed.find((each) => each !== 503)).toMatchObject({
      code: "unavailable",
      message: "push blob: registry.test answers 503, again and again",
    });
    expect(refused).toBeLessThan(80);
    expect(milliseconds).toBeLessThan(20_000);
  });
});

describe("a host that serves, and then answers 503 and no word more", () => {
  const host = { rate: 1000, burst: 1000, roundTrip: 20, status: 503 } as const;

  it.each([5, 30, 44])("for %i s, fails nobody", async (seconds) => {
    const { failed, milliseconds } = await served({ ...host, away: [500, 500 + seconds * 1000] }, 2000);
    expect(failed).toEqual([]);
    expect(milliseconds).toBeLessThan((2 * seconds + 10) * 1000);
  });

  it("for good, counts as broken after a minute, for all who wait, and was asked few times until then", async () => {
    const { granted, refused, failed, milliseconds } = await served({ ...host, away: [500, Infinity] }, 860);
    expect(granted).toBeGreaterThan(600);
    expect(failed.find((each) => each !== 503)).toMatchObject({ code: "unavailable" });
    // Each of the 32 at work has one more turn, or a few, and finds a host that is known to be broken.
    expect(refused - 32).toBeLessThan(60);
    expect(milliseconds).toBeGreaterThan(60_000);
    expect(milliseconds).toBeLessThan(150_000);
  });
});

describe.each([429, 503] as const)("a host that answers %i for one repository for ever, and serves the others", (status) => {
  const host = { rate: 1000, burst: 1000, roundTrip: 20, status };

  it.each([
    ["early", ["chart-3"]],
    ["of two", ["chart-2", "chart-9"]],
  ])("(%s) fails what goes there, after a minute, and nothing else", async (_name, bad) => {
    const { granted, failed, failedRepositories, milliseconds } = await served(
      { ...host, neverServes: (repository) => bad.includes(repository) },
      1200,
    );
    expect(failedRepositories.toSorted()).toEqual(bad.toSorted());
    expect(failed).toEqual(Array.from({ length: 10 * bad.length }, () => status));
    expect(granted).toBe(1200 - 10 * bad.length);
    expect(milliseconds).toBeLessThan(120_000);
  });

  it("hardly slows the others", async () => {
    let lastGrant = 0;
    const clock = virtualClock();
    const began = clock.now();
    const neverServes = (repository: string): boolean => {
      if (repository !== "chart-1") lastGrant = clock.now() - began;
      return repository === "chart-1";
    };
    const gate = { clock, random: seededRandom(), maxWaitMs: 15 * 60_000, attempts: 5 };
    const { granted } = await clock.run(sendThroughGate({ ...host, neverServes }, { count: 1200, concurrency: 32 }, gate));
    expect(granted).toBe(1190);
    // Alone they take 1.1 s.
    expect(lastGrant).toBeLessThan(20_000);
  });
});

describe("a host that serves, and then answers 503 for the one repository that is left", () => {
  it("fails that after a minute, and once", async () => {
    const { failed, milliseconds } = await served(
      { rate: 1000, burst: 1000, roundTrip: 20, status: 503, neverServes: (repository) => repository === "chart-9" },
      100,
    );
    expect(failed).toHaveLength(10);
    expect(milliseconds).toBeLessThan(120_000);
  });
});
