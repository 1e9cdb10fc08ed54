import { afterEach, expect, it, vi } from "vitest";

import type { HttpAnswer } from "../http-client.ts";
import type { AnswerBody } from "./answer-body.ts";
import { openAnswer } from "./open-answer.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** A GET's answer with a body that comes so. */
function answerOf(body: AnswerBody): HttpAnswer {
  return openAnswer(
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
}

it("collects a body that comes in single bytes without keeping a piece for each of them", async () => {
  let left = 20_000;
  const answer = answerOf({ read: () => Promise.resolve(left-- > 0 ? Uint8Array.of(7) : undefined), abandon: () => undefined });
  const join = vi.spyOn(Buffer, "concat");
  const bytes = await answer.bytes(1_000_000);
  expect(Math.max(...join.mock.calls.map(([list]) => list.length))).toBeLessThan(10);
  expect([bytes.byteLength, bytes.every((byte) => byte === 7)]).toEqual([20_000, true]);
});

it("reads away little more than 256 KiB of what nobody wants, and leaves the rest with its connection", async () => {
  let [pieces, left] = [0, 0];
  // Ends far beyond the limit, so that a test without one ends too.
  const read = (): Promise<Uint8Array | undefined> => Promise.resolve(pieces++ < 1000 ? new Uint8Array(64 * 1024) : undefined);
  await answerOf({ read, abandon: () => left++ }).dump();
  expect([pieces, left]).toEqual([6, 1]);
});
