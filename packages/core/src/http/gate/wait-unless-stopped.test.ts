import { getEventListeners } from "node:events";

import { describe, expect, it } from "vitest";

import { manualClock } from "../testing/manual-clock.ts";
import { waitUnlessStopped } from "./wait-unless-stopped.ts";

const place = { operation: "push blob", registry: "reg.example" };

describe("a wait", () => {
  it("leaves no listener on the signals that could have stopped it, which live longer", async () => {
    const [signal, stopWaiting] = [new AbortController().signal, new AbortController().signal];
    const clock = manualClock();
    for (let turn = 0; turn < 3; turn++) await waitUnlessStopped(100, { clock, signal, stopWaiting, ...place });
    expect(clock.sleeps).toEqual([100, 100, 100]);
    expect([...getEventListeners(signal, "abort"), ...getEventListeners(stopWaiting, "abort")]).toEqual([]);
  });

  it.each(["signal", "stopWaiting"] as const)("does not begin once %s has spoken, and leaves no listener either", async (name) => {
    const stopping = new AbortController();
    stopping.abort();
    const other = new AbortController().signal;
    const clock = manualClock();
    const waiting = waitUnlessStopped(100, { clock, signal: other, stopWaiting: other, [name]: stopping.signal, ...place });
    await expect(waiting).rejects.toMatchObject({ code: "aborted", ...place });
    expect([clock.sleeps, getEventListeners(other, "abort"), getEventListeners(stopping.signal, "abort")]).toEqual([[], [], []]);
  });
});
