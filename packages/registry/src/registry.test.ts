import { Agent, request as httpRequest } from "node:http";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, describe, expect, it } from "vitest";

import { readUsersFile } from "./basic-auth.ts";
import { basic, errorCode, pushManifest, startTestRegistry, type TestRegistry } from "./testing/registry-fixture.ts";

let registry: TestRegistry | undefined;
afterEach(async () => registry?.remove());

describe("the embedded registry", () => {
  it("answers /v2/, unknown paths and unknown methods as the specification says", async () => {
    registry = await startTestRegistry();
    const base = await registry.request("GET", "/v2/");
    // Distribution's own header would make clients take it for a registry without single-POST uploads and referrers.
    expect([base.status, base.headers.get("docker-distribution-api-version")]).toEqual([200, null]);
    expect((await registry.request("GET", "/")).status).toBe(404);
    const wrong = await registry.request("POST", "/v2/web/tags/list");
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET"]);
  });

  it("lets nobody in without the password, and pulls without one only where that is wanted", async () => {
    registry = await startTestRegistry({ basicAuth: { users: new Map([["ann", "secret"]]), anonymousPull: true } });
    const refused = await registry.request("GET", "/v2/");
    expect([refused.status, refused.headers.get("www-authenticate"), await errorCode(refused)]).toEqual([
      401,
      'Basic realm="chartferry"',
      "UNAUTHORIZED",
    ]);
    expect((await registry.request("GET", "/v2/", { headers: basic("ann", "secret") })).status).toBe(200);
    for (const [user, password] of [
      ["ann", "wrong"],
      ["bob", "secret"],
      ["bob", ""],
      ["", ""],
    ] as const) {
      expect((await registry.request("GET", "/v2/", { headers: basic(user, password) })).status).toBe(401);
    }
    expect((await registry.request("GET", "/v2/web/manifests/1")).status).toBe(404);
    expect((await registry.request("POST", "/v2/web/blobs/uploads/")).status).toBe(401);
    expect((await registry.request("DELETE", "/v2/web/manifests/1")).status).toBe(401);
  });

  it("reads users from a file and says what it does not understand without repeating it", async () => {
    registry = await startTestRegistry();
    const path = join(registry.directory, "users");
    await writeFile(path, "# ours\nann:se:cret\n\nbob:x\n");
    expect([...(await readUsersFile(path))]).toEqual([
      ["ann", "se:cret"],
      ["bob", "x"],
    ]);
    await writeFile(path, "ann:$2y$05$abcdef\n");
    await expect(readUsersFile(path)).rejects.toThrow(/^line 1 .*hashed passwords are not supported$/);
  });

  it("refuses every write when read-only, and still reads", async () => {
    const first = await startTestRegistry();
    await pushManifest(first, "web:1.0.0");
    await first.close();
    registry = await startTestRegistry({ directory: first.directory, readOnly: true });
    expect((await registry.request("GET", "/v2/web/manifests/1.0.0")).status).toBe(200);
    for (const [method, path] of [
      ["POST", "/v2/web/blobs/uploads/"],
      ["DELETE", "/v2/web/manifests/1.0.0"],
    ] as const) {
      const response = await registry.request(method, path);
      const body = await response.clone().text();
      expect([response.status, await errorCode(response)]).toEqual([405, "UNSUPPORTED"]);
      expect([body.includes("read-only"), body.includes(first.directory)]).toEqual([true, false]);
    }
  });

  it("delivers a refusal to a client that is still sending a long body", async () => {
    registry = await startTestRegistry({ basicAuth: { users: new Map([["ann", "secret"]]) } });
    const { port } = registry;
    const status = await new Promise<number | undefined>((done, fail) => {
      const request = httpRequest({
        port,
        host: "127.0.0.1",
        method: "PATCH",
        path: "/v2/web/blobs/uploads/x",
        headers: { "content-length": 20_000_000 },
      });
      request.once("response", (response) => {
        response.resume();
        done(response.statusCode);
      });
      request.once("error", fail);
      request.write(Buffer.alloc(8_000_000));
    });
    expect(status).toBe(401);
  });

  it("refuses a certificate that is none in its own words, and leaves the directory unlocked", async () => {
    const first = await startTestRegistry();
    await first.close();
    const { directory } = first;
    const refused = startTestRegistry({ directory, tls: { cert: "no certificate", key: "no key" } });
    await expect(refused).rejects.toMatchObject({ code: "usage", operation: "serve" });
    registry = await startTestRegistry({ directory });
    expect((await registry.request("GET", "/v2/")).status).toBe(200);
  });

  it("tells a client that broke off its upload apart from a failure of its own", async () => {
    const failures: unknown[] = [];
    const statuses: number[] = [];
    registry = await startTestRegistry({
      reportFailure: (error) => failures.push(error),
      hooks: { observe: ({ method, status }) => method === "PATCH" && statuses.push(status) },
    });
    const location = (await registry.request("POST", "/v2/web/blobs/uploads/")).headers.get("location") ?? "";
    const request = httpRequest(new URL(location, registry.url), { method: "PATCH", headers: { "content-length": 1000 } });
    request.on("error", () => {});
    request.write("part");
    const [session] = [...registry.tree.uploads.sessions.values()];
    await expect.poll(() => session?.size).toBe(4);
    request.destroy();
    await expect.poll(() => statuses).toEqual([499]);
    expect(failures).toEqual([]);
  });

  it("closes what it has answered when its connections run out, so that others find one", async () => {
    registry = await startTestRegistry({ limits: { maxConnections: 4 } });
    const { port } = registry;
    const agents = Array.from({ length: 4 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
    const kept: (string | undefined)[] = [];
    for (const agent of agents) {
      kept.push(
        await new Promise((done, fail) => {
          const request = httpRequest({ port, host: "127.0.0.1", path: "/v2/", agent }, (response) => {
            response.resume().once("end", () => done(response.headers.connection));
          });
          request.once("error", fail).end();
        }),
      );
    }
    expect(kept).toEqual(["keep-alive", "keep-alive", "keep-alive", "close"]);
    for (const agent of agents) agent.destroy();
  });

  it("closes although its clients never pause: each gets the answer that it waits for, and no other", async () => {
    const waiting: (() => void)[] = [];
    const counts = { answers: 0, refusals: 0 };
    registry = await startTestRegistry({
      hooks: {
        intercept: async () => {
          await new Promise<void>((done) => waiting.push(done));
          return undefined;
        },
        observe: () => (counts.answers += 1),
      },
    });
    const { port } = registry;
    const agent = new Agent({ keepAlive: true, maxSockets: 2 });
    const ask = (): void => {
      httpRequest({ port, host: "127.0.0.1", path: "/v2/", agent }, (response) => response.resume().once("end", ask))
        .on("error", () => (counts.refusals += 1))
        .end();
    };
    ask();
    ask();
    await expect.poll(() => waiting.length).toBe(2);
    const closed = registry.close();
    // One is answered when the other waits, so that there is never a moment without a request.
    while (counts.refusals < 2 && counts.answers < 10) {
      waiting.shift()?.();
      await expect.poll(() => waiting.length + counts.refusals).toBe(2);
    }
    expect(counts.answers).toBe(2);
    await closed;
    agent.destroy();
  });

  it("says which address cannot be listened on, and leaves the directory unlocked", async () => {
    registry = await startTestRegistry();
    const { port } = registry;
    const other = startTestRegistry({ port });
    await expect(other).rejects.toMatchObject({ code: "usage" });
  });

  it("has everything in index.json once it is closed", async () => {
    const first = await startTestRegistry();
    registry = first;
    await Promise.all(
      Array.from({ length: 50 }, (_, number) => pushManifest(first, `web:1.${number}.0`, { annotations: { n: String(number) } })),
    );
    await first.close();
    const again = await startTestRegistry({ directory: first.directory });
    const { tags }: { tags: string[] } = JSON.parse(await (await again.request("GET", "/v2/web/tags/list")).text());
    expect(tags).toHaveLength(50);
    await again.close();
  });
});
