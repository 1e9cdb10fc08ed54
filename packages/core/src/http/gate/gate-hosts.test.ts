import { afterEach, describe, expect, it } from "vitest";

import { createGateHosts } from "./gate-hosts.ts";
import { createAction } from "./gate-action.ts";
import { newPatience } from "./patience.ts";
import { createRequestGate } from "./request-gate.ts";
import { stubWorld } from "../testing/stub-world.ts";
import { virtualClock } from "../testing/virtual-clock.ts";

const { stub, client, close } = stubWorld();
afterEach(close);

describe("a client that is sent to very many hosts", () => {
  it("counts the first ones by name, and the rest in one sum", async () => {
    const server = await stub((_request, response) => void response.end("ok"));
    const proxied = client(new URL("http://charts.example"), { environment: { http_proxy: server.origin.host } });
    for (let number = 0; number < 300; number++) {
      await (await proxied.send({ method: "GET", url: new URL(`http://h${number}.example/`), operation: "test" })).dump();
    }
    const traffic = proxied.traffic();
    expect(Object.keys(traffic)).toHaveLength(257);
    expect([traffic["h255.example"]?.requests, traffic["other hosts"]?.requests]).toEqual([1, 44]);
  });
});

describe("a gate in front of very many hosts", () => {
  it("forgets those where nothing waits and nothing is on its way, and keeps the others", () => {
    const hosts = createGateHosts();
    for (let number = 0; number < 256; number++) hosts.of(`first${number}`);
    const busy = hosts.of("busy");
    const action = createAction(busy, { clock: virtualClock(0), random: () => 0, maxWaitMs: 900_000 });
    busy.actions.set("GET", action);
    action.start({ method: "GET", operation: "test", url: new URL("https://busy.test/"), patience: newPatience() }, 0);
    for (let number = 0; number < 100_000; number++) hosts.of(`h${number}`);
    expect([...hosts.all()].length).toBeLessThanOrEqual(512);
    expect(hosts.of("busy")).toBe(busy);
  });

  it("does not forget one where requests wait and nothing is on its way", () => {
    const hosts = createGateHosts();
    for (let number = 0; number < 256; number++) hosts.of(`first${number}`);
    const held = hosts.of("held");
    const action = createAction(held, { clock: virtualClock(0), random: () => 0, maxWaitMs: 900_000 });
    held.actions.set("GET", action);
    held.pause(60_000);
    void action.line.wait({ method: "GET", operation: "test", url: new URL("https://held.test/"), patience: newPatience() });
    expect([action.flight.inFlight, action.line.length]).toEqual([0, 1]);
    for (let number = 0; number < 1000; number++) hosts.of(`h${number}`);
    expect(hosts.of("held")).toBe(held);
  });

  it("still knows for how long it held back for those that it has forgotten", async () => {
    const clock = virtualClock(0);
    const gate = createRequestGate({ clock, random: () => 0, maxWaitMs: 900_000, attempts: 5 });
    await clock.run(
      (async () => {
        for (let number = 0; number < 1000; number++) {
          const url = new URL(`https://h${number}.test/`);
          const pass = await gate.enter({ method: "GET", operation: "test", url, patience: newPatience() });
          gate.left(pass, { status: 429, url, headers: { "retry-after": "1" } });
        }
        await clock.sleep(5000);
      })(),
    );
    expect([gate.pausedMs("h0.test"), gate.pausedMs("other hosts")]).toEqual([1000, 744_000]);
  });
});

describe("a clock that is set back during a pause", () => {
  it("does not make the pause longer", async () => {
    let [wall, steady] = [3_600_000, 0];
    let turn = 0;
    const server = await stub((_request, response) => {
      response.writeHead(turn++ === 0 ? 429 : 200, { "retry-after": "10" }).end();
    });
    const sleeps: number[] = [];
    const sleep = (milliseconds: number): Promise<void> => {
      sleeps.push(milliseconds);
      if (sleeps.length === 1) wall -= 1_800_000;
      [wall, steady] = [wall + milliseconds, steady + milliseconds];
      return Promise.resolve();
    };
    const http = client(server.origin, { clock: { now: () => wall, steady: () => steady, sleep } });
    expect((await http.send({ method: "GET", url: server.origin, operation: "test" })).status).toBe(200);
    expect(sleeps).toEqual([10_000]);
  });
});
