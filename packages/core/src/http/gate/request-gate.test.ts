import { getEventListeners } from "node:events";

import { describe, expect, it } from "vitest";

import type { Pass } from "./gate-action.ts";
import { newPatience, type Patience } from "./patience.ts";
import { createRequestGate, type GateOptions, type RequestGate } from "./request-gate.ts";
import { type VirtualClock, virtualClock } from "../testing/virtual-clock.ts";

interface World {
  readonly clock: VirtualClock;
  readonly gate: RequestGate;
  readonly told: unknown[];
  readonly starts: string[];
  /** Enters, and says when it could start, in seconds since the beginning. */
  readonly enter: (name: string, url?: string, signal?: AbortSignal) => Promise<Pass>;
}

function world(options: Partial<GateOptions> = {}): World {
  const clock = virtualClock(0);
  const told: unknown[] = [];
  const starts: string[] = [];
  const gate = createRequestGate({
    clock,
    random: () => 0.5,
    maxWaitMs: 900_000,
    attempts: 5,
    onPause: (pause) => told.push(pause),
    ...options,
  });
  return {
    clock,
    gate,
    told,
    starts,
    async enter(name, url = "https://a.test/", signal) {
      const request = { method: "GET", operation: name.split(" ")[0] ?? "", url: new URL(url), patience: newPatience(), signal };
      const pass = await gate.enter(request);
      starts.push(`${name} ${(clock.now() / 1000).toFixed(1)}`);
      return pass;
    },
  };
}

function answer(status: number, retryAfter?: string) {
  return { status, url: new URL("https://a.test/"), headers: retryAfter === undefined ? {} : { "retry-after": retryAfter } };
}

describe("an open gate", () => {
  it("makes nobody wait, not even for a promise", () => {
    const clock = virtualClock();
    const gate = createRequestGate({ clock, maxWaitMs: 1000, attempts: 5 });
    const pass = gate.enter({ method: "GET", operation: "x", url: new URL("https://a.test/"), patience: newPatience() });
    expect(pass).not.toBeInstanceOf(Promise);
  });
});

describe("a Retry-After", () => {
  it("holds all that goes to that host, and nothing else", async () => {
    const { clock, gate, enter, starts, told } = world();
    await clock.run(
      (async () => {
        gate.left(await enter("push"), answer(429, "30"));
        await Promise.all([enter("list"), enter("push"), enter("other", "https://b.test/")]);
      })(),
    );
    expect(starts).toEqual(["push 0.0", "other 0.0", "list 30.0", "push 30.2"]);
    expect(told).toEqual([{ host: "a.test", milliseconds: 30_000, reason: "a.test answers 429 and asks to wait 30 s" }]);
    expect([gate.pausedMs("a.test"), gate.pausedMs("b.test")]).toEqual([30_000, 0]);
  });

  it("is told once, however many requests it answers", async () => {
    const { clock, gate, enter, told } = world();
    await clock.run(
      (async () => {
        const passes = [await enter("push"), await enter("push"), await enter("list")];
        for (const pass of passes) gate.left(pass, answer(503, "30"));
      })(),
    );
    expect(told).toHaveLength(1);
  });

  it("is followed by one request after the other, first come first served", async () => {
    const { clock, gate, enter, starts } = world();
    await clock.run(
      (async () => {
        gate.left(await enter("push"), answer(429, "10"));
        await Promise.all(["list a", "list b", "list c", "list d"].map((name) => enter(name)));
      })(),
    );
    expect(starts.slice(1)).toEqual(["list a 10.0", "list b 10.1", "list c 10.3", "list d 10.4"]);
  });

  it("longer than may be waited fails whoever comes, at once", async () => {
    const { clock, gate, enter } = world({ maxWaitMs: 60_000 });
    await clock.run(
      (async () => {
        gate.left(await enter("push"), answer(429, "3600"));
        await expect(enter("list")).rejects.toMatchObject({ code: "rate-limited", retryable: true, retryAfterMs: 3_600_000, status: 429 });
      })(),
    );
    expect(clock.now()).toBe(0);
  });
});

describe("one thing that is refused for ever among others that are served", () => {
  it("fails, rather than holding them all back", async () => {
    const { clock, gate, enter } = world();
    const patience = newPatience();
    await clock.run(
      (async () => {
        for (let round = 0; !patience.hopeless && round < 100; round++) {
          const pass = await gate.enter({ method: "GET", operation: "fetch", url: new URL("https://a.test/"), patience });
          gate.left(pass, answer(503));
          gate.left(await enter("fetch"), answer(200));
        }
      })(),
    );
    expect(patience).toMatchObject({ hopeless: true, bareRefusals: 10 });
  });
});

describe("requests of one kind that are refused", () => {
  it("hold back no other kind at the same host", async () => {
    const { clock, gate, enter, starts } = world();
    await clock.run(
      (async () => {
        gate.left(await enter("push"), answer(429));
        await Promise.all([enter("push"), enter("list"), enter("list")]);
      })(),
    );
    expect(starts).toEqual(["push 0.0", "list 0.0", "list 0.0", "push 0.4"]);
  });

  it("halve their window once for all that were on their way, and win one place back each time that all of it was served", async () => {
    const { clock, gate, enter, starts } = world();
    const onTheirWay: number[] = [];
    await clock.run(
      (async () => {
        const passes = await Promise.all(Array.from({ length: 8 }, () => enter("push")));
        for (const pass of passes) gate.left(pass, answer(429));
        starts.length = 0;
        const begun: Pass[] = [];
        void Promise.allSettled(Array.from({ length: 40 }, async () => begun.push(await enter("push"))));
        for (let round = 0; round < 4; round++) {
          await clock.sleep(20_000);
          onTheirWay.push(begun.length);
          for (const pass of begun.splice(0)) gate.left(pass, answer(202));
        }
        gate.close();
      })(),
    );
    expect(starts[0]).toBe("push 0.4");
    expect(onTheirWay).toEqual([4, 5, 6, 7]);
  });

  it("come back in the order in which they were refused, behind those who were not", async () => {
    const { clock, gate, starts } = world();
    const enter = async (name: string, patience: Patience): Promise<Pass> => {
      const pass = await gate.enter({ method: "GET", operation: "push", url: new URL("https://a.test/"), patience });
      starts.push(name);
      return pass;
    };
    const [first, second, third] = [newPatience(), newPatience(), newPatience()];
    await clock.run(
      (async () => {
        const passes = [await enter("first", first), await enter("second", second)];
        for (const pass of passes) gate.left(pass, answer(429));
        const waiting = ["third", "second", "first"].map(async (name, place) =>
          gate.left(await enter(name, [third, second, first][place] ?? first), answer(202)),
        );
        await Promise.all(waiting);
      })(),
    );
    expect(starts).toEqual(["first", "second", "third", "first", "second"]);
  });

  it("are held until enough of them have ended", async () => {
    const { clock, gate, enter, starts } = world();
    await clock.run(
      (async () => {
        const [first, second] = [await enter("push"), await enter("push")];
        gate.left(first, answer(429));
        await clock.sleep(10_000);
        void enter("push").catch(() => undefined);
        await clock.sleep(10_000);
        expect(starts).toHaveLength(2);
        gate.left(second, answer(202));
        await clock.sleep(1);
      })(),
    );
    expect(starts.at(-1)).toBe("push 20.0");
  });
});

describe("waiting at the gate", () => {
  it("ends for all once it is stopped; what needs not wait goes on", async () => {
    const stop = new AbortController();
    const { clock, gate, enter } = world({ stopWaiting: stop.signal });
    await clock.run(
      (async () => {
        gate.left(await enter("push"), answer(429, "600"));
        const waiting = Promise.allSettled([enter("push"), enter("list")]);
        await clock.sleep(1000);
        stop.abort();
        const outcomes = await waiting;
        expect(outcomes).toMatchObject([{ reason: { code: "aborted" } }, { reason: { code: "aborted" } }]);
        await expect(enter("push")).rejects.toMatchObject({ code: "aborted" });
        await enter("list", "https://b.test/");
      })(),
    );
    expect(clock.now()).toBe(1000);
  });

  it("ends for one request whose caller gives up, and leaves the line in order", async () => {
    const { clock, gate, enter, starts } = world();
    const caller = new AbortController();
    await clock.run(
      (async () => {
        gate.left(await enter("push"), answer(429, "600"));
        const given = enter("list a", undefined, caller.signal);
        const others = [enter("list b"), enter("list c")];
        caller.abort();
        await expect(given).rejects.toMatchObject({ code: "aborted" });
        await Promise.all(others);
      })(),
    );
    expect(starts.slice(1)).toEqual(["list b 600.0", "list c 600.3"]);
  });

  it("sets no timer that outlives those who waited: the process may end", async () => {
    const caller = new AbortController();
    const virtual = virtualClock(0);
    const timers: (AbortSignal | undefined)[] = [];
    const sleep: VirtualClock["sleep"] = (milliseconds, signal) => {
      timers.push(signal);
      return virtual.sleep(milliseconds, signal);
    };
    const { gate, enter } = world({ clock: { now: () => virtual.now(), sleep } });
    gate.left(await enter("push"), answer(429, "600"));
    const given = enter("list", undefined, caller.signal);
    caller.abort();
    await expect(given).rejects.toMatchObject({ code: "aborted" });
    expect(timers.map((signal) => signal?.aborted)).toEqual([true]);
  });

  it("leaves no listener on the signal that stops it, once the gate is closed", () => {
    const stop = new AbortController();
    const { gate } = world({ stopWaiting: stop.signal });
    expect(getEventListeners(stop.signal, "abort")).toHaveLength(1);
    gate.close();
    expect(getEventListeners(stop.signal, "abort")).toEqual([]);
  });
});
