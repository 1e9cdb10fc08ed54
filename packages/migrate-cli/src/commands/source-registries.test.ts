import { addTraffic, ChartferryError, type Connection, type HostTraffic, parseReference } from "@chartferry/core";
import { describe, expect, it } from "vitest";

import { createFakeTarget } from "../engine/testing/fake-target.ts";
import { createSourceRegistries, mostSourceRegistries } from "./source-registries.ts";

const charts = (host: string) => parseReference(`oci://${host}/charts/web:1.0.0`);
const spent = (requests: number): HostTraffic => ({ requests, retries: 1, bytesSent: 10, bytesReceived: 100, throttled: 2, pausedMs: 3 });

describe("the registries that an index names", () => {
  it("connects to each once", async () => {
    const asked: string[] = [];
    const registries = createSourceRegistries((registry) => {
      asked.push(registry);
      return Promise.resolve(createFakeTarget(registry).connection);
    });
    await Promise.all([registries.open(charts("a.test")), registries.open(charts("a.test")), registries.open(charts("b.test"))]);
    expect(asked).toEqual(["a.test", "b.test"]);
  });

  it("tries again one that could not be reached", async () => {
    let tries = 0;
    const registries = createSourceRegistries((registry) =>
      ++tries === 1
        ? Promise.reject(new ChartferryError("refused", { code: "connection-refused", operation: "connect" }))
        : Promise.resolve(createFakeTarget(registry).connection),
    );
    await expect(registries.open(charts("a.test"))).rejects.toMatchObject({ code: "connection-refused" });
    expect(await registries.open(charts("a.test"))).toMatchObject({ registry: "a.test", repository: "charts/web" });
  });

  it("refuses more registries than any repository of charts has, and goes on with those it knows", async () => {
    let connected = 0;
    const registries = createSourceRegistries((registry) => {
      connected++;
      return Promise.resolve(createFakeTarget(registry).connection);
    });
    for (let index = 0; index < mostSourceRegistries; index++) await registries.open(charts(`r${index}.test`));
    await expect(registries.open(charts("one-more.test"))).rejects.toMatchObject({
      message: "the index names more than 64 registries; one-more.test is not asked",
      hint: expect.stringContaining("--chart"),
    });
    expect(connected).toBe(64);
    expect(await registries.open(charts("r0.test"))).toMatchObject({ registry: "r0.test" });
  });

  it("closes what was still being opened", async () => {
    let closed = 0;
    const connection: Connection = { ...createFakeTarget("a.test").connection, close: () => Promise.resolve(void closed++) };
    const registries = createSourceRegistries(() => new Promise((done) => setImmediate(() => done(connection))));
    const opening = registries.open(charts("a.test"));
    await registries.close();
    await opening;
    expect(closed).toBe(1);
  });

  it("closes what was opened though another could not be reached in the end", async () => {
    let closed = 0;
    const connection: Connection = { ...createFakeTarget("a.test").connection, close: () => Promise.resolve(void closed++) };
    const refused = new ChartferryError("refused", { code: "connection-refused", operation: "connect" });
    const registries = createSourceRegistries((registry) =>
      registry === "a.test" ? Promise.resolve(connection) : new Promise((_, fail) => setImmediate(() => fail(refused))),
    );
    await registries.open(charts("a.test"));
    const opening = expect(registries.open(charts("b.test"))).rejects.toBe(refused);
    await registries.close();
    await opening;
    expect(closed).toBe(1);
  });

  it("adds up what two clients sent to one host", () => {
    expect(addTraffic([{ "a.test": spent(1), "b.test": spent(2) }, { "a.test": spent(3) }])).toEqual({
      "a.test": { requests: 4, retries: 2, bytesSent: 20, bytesReceived: 200, throttled: 4, pausedMs: 6 },
      "b.test": spent(2),
    });
  });
});
