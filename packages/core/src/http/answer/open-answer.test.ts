import { afterEach, expect, it, vi } from "vitest";

import { openAnswer } from "./open-answer.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

it("collects a body that comes in single bytes without keeping a piece for each of them", async () => {
  let left = 20_000;
  const body = { read: () => Promise.resolve(left-- > 0 ? Uint8Array.of(7) : undefined), abandon: () => undefined };
  const answer = openAnswer(
    { status: 200, headers: {}, body },
    {
      method: "GET",
      url: new URL("http://r.test/"),
      operation: "test",
      speed: { clock: { now: () => 0 }, withinMs: 60_000 },
      received: () => undefined,
      finished: () => undefined,
    },
  );
  const join = vi.spyOn(Buffer, "concat");
  const bytes = await answer.bytes(1_000_000);
  expect(Math.max(...join.mock.calls.map(([list]) => list.length))).toBeLessThan(10);
  expect([bytes.byteLength, bytes.every((byte) => byte === 7)]).toEqual([20_000, true]);
});
