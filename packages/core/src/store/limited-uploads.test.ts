import { describe, expect, it } from "vitest";

import { pushVersions } from "./testing/limited-registry.ts";

const words = [
  ["429 and a Retry-After", { status: 429, retryAfter: 1 }],
  ["a plain 429", { status: 429 }],
  ["503 and a Retry-After", { status: 503, retryAfter: 1 }],
  ["429 and a Retry-After of 0", { status: 429, retryAfter: 0 }],
  ["503", { status: 503 }],
  ["503 and a Retry-After of 0", { status: 503, retryAfter: 0 }],
] as const;

describe.each(words)("pushing to a registry with a token bucket that else answers %s", (_words, answers) => {
  it.each([
    { limits: "PUT upload", rate: 40, versions: 300 },
    { limits: "PUT upload", rate: 100, versions: 700 },
    { limits: "POST upload", rate: 40, versions: 300 },
    { limits: "POST upload", rate: 100, versions: 700 },
    { limits: "PUT manifest", rate: 10, versions: 300 },
  ] as const)("fails nothing and uses its rate: $limits, $rate a second", async ({ versions, ...limit }) => {
    for (const seed of [1, 4242]) {
      const { failed, used, refused } = await pushVersions({ ...limit, ...answers, burst: limit.rate }, versions, seed);
      expect(failed).toEqual([]);
      expect(used).toBeGreaterThan(0.85);
      expect(refused).toBeLessThan(80);
    }
  });

  it.each([
    { limits: "PUT upload", rate: 40, burst: 10 },
    { limits: "PUT upload", rate: 40, burst: 1 },
    { limits: "PUT manifest", rate: 10, burst: 3 },
    { limits: "PUT manifest", rate: 10, burst: 1 },
  ] as const)("nearly as well where it saves next to nothing: $limits, $rate a second, $burst at once", async (limit) => {
    const { failed, used, refused } = await pushVersions({ ...limit, ...answers }, 1000);
    expect(failed).toEqual([]);
    // Each refusal with a Retry-After costs a second or more.
    expect(used).toBeGreaterThan(0.8);
    expect(refused).toBeLessThan(80);
  });
});

describe("a registry that refuses bodies", () => {
  it.each(words.filter(([, { status }]) => status === 503))(
    "with %s gets them again in the session that it still knows",
    async (...[, answers]) => {
      const { refused, requests } = await pushVersions({ limits: "PUT upload", rate: 40, burst: 40, ...answers }, 150);
      expect(refused).toBeGreaterThan(10);
      expect(requests["POST upload"]).toBe(300);
    },
  );

  it.each(words)("with %s, and forgets their sessions, gets each in a new one", async (_words, answers) => {
    const { failed, refused, used, requests } = await pushVersions(
      { limits: "PUT upload", rate: 40, burst: 40, keepsSessions: false, ...answers },
      300,
    );
    expect(failed).toEqual([]);
    expect(used).toBeGreaterThan(0.8);
    expect(requests["POST upload"]).toBeLessThanOrEqual(600 + refused);
  });
});
