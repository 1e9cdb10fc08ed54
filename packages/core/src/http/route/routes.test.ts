import { once } from "node:events";

import { afterEach, describe, expect, it } from "vitest";

import { stubWorld } from "../testing/stub-world.ts";
import { createAddressGuard } from "./address-guard.ts";
import { createRoutes } from "./routes.ts";

const { stub, client, close } = stubWorld();
afterEach(close);

const get = { method: "GET", operation: "test" } as const;

describe("ways to very many hosts", () => {
  it("keep the one that is always taken, and close the one that was not taken for the longest time", async () => {
    const origin = new URL("http://registry.test/");
    const timeouts = { connectMs: 1000, headersMs: 1000, bodyIdleMs: 1000 };
    const guard = createAddressGuard({ origin });
    const routes = createRoutes({ origin, tls: { rejectUnauthorized: true }, timeouts, connections: 1, environment: {}, guard });
    const own = await routes.to(origin, "test");
    const other = await routes.to(new URL("http://other.test/"), "test");
    for (let number = 0; number < 300; number++) {
      await routes.to(new URL(`http://h${number}.test/`), "test");
      expect(await routes.to(origin, "test")).toBe(own);
    }
    expect(await routes.to(new URL("http://other.test/"), "test")).not.toBe(other);
    await routes.close();
  });

  it("are not opened any more once they are closed, though one was just being opened", async () => {
    const origin = new URL("http://registry.test/");
    const timeouts = { connectMs: 1000, headersMs: 1000, bodyIdleMs: 1000 };
    const guard = createAddressGuard({ origin });
    const routes = createRoutes({ origin, tls: { rejectUnauthorized: true }, timeouts, connections: 1, environment: {}, guard });
    const opening = Promise.resolve(routes.to(origin, "test"));
    await Promise.all([expect(opening).rejects.toMatchObject({ code: "aborted", registry: "registry.test" }), routes.close()]);
  });

  it("are closed with all that was retired, though nobody reads an answer there to its end", async () => {
    let gone: Promise<unknown> | undefined;
    const server = await stub((request, response) => {
      if (!request.url.startsWith("http://unread.")) return void response.end("ok");
      gone = once(response, "close");
      return void response.write("never the end");
    });
    const http = client(new URL("http://charts.test"), { environment: { http_proxy: server.origin.host } });
    await http.send({ ...get, url: new URL("http://unread.test/") });
    for (let number = 0; number < 256; number++) await (await http.send({ ...get, url: new URL(`http://h${number}.test/`) })).dump();
    await http.close();
    expect(await gone).toEqual([]);
  });
});

describe("a client that is closed", () => {
  it("sends nothing any more, neither what is asked of it now nor what was just beginning", async () => {
    const server = await stub((_request, response) => void response.end("ok"));
    const http = client(server.origin);
    const beginning = http.send({ ...get, url: server.origin }).catch((error: unknown) => error);
    await http.close();
    expect(await beginning).toMatchObject({ code: "aborted", registry: server.origin.host });
    await expect(http.send({ ...get, url: server.origin })).rejects.toMatchObject({ code: "aborted" });
    expect([server.connections(), server.requests]).toEqual([0, []]);
  });
});
