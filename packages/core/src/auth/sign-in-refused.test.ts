import { describe, expect, it, onTestFinished } from "vitest";

import { ChartferryError } from "../errors.ts";
import { createHttpClient } from "../http/create-http-client.ts";
import { manualClock } from "../http/testing/manual-clock.ts";
import { type SeenRequest, startStubServer } from "../http/testing/start-stub-server.ts";
import type { Credential, CredentialProvider } from "./credential.ts";
import { alice, provide, world } from "./testing/start-token-world.ts";

const stale: Credential = { kind: "basic", username: "old", password: "stale", source: "docker file" };
const isStale = (request: SeenRequest): boolean =>
  Buffer.from(String(request.headers["authorization"]).slice(6), "base64").toString().startsWith("old:");

describe("a challenge that cannot be used", () => {
  it.each(['Bearer realm="not a url"', "Bearer", 'Bearer realm="Registry",service="x"'])("gets no credential: %s", async (challenge) => {
    const server = await startStubServer((_request, response) => void response.writeHead(401, { "www-authenticate": challenge }).end());
    const http = createHttpClient({ origin: server.origin, credentials: () => Promise.resolve(stale), clock: manualClock() });
    onTestFinished(() => server.close());
    onTestFinished(() => http.close());
    const sending = http.send({ method: "GET", url: new URL("/v2/", server.origin), operation: "push blob", scopes: [] });
    await expect(sending).rejects.toMatchObject({ code: "protocol-violation", message: expect.stringContaining("cannot be used") });
    expect(server.requests.map(({ headers }) => headers["authorization"])).toEqual([undefined]);
  });
});

describe("credentials", () => {
  it("that the token service refuses make room for the next source", async () => {
    const { pull, tokens } = await world({
      client: { credentials: provide(stale, alice) },
      reply: (request) => (isStale(request) ? { status: 401, body: "" } : { body: { token: "t" } }),
    });
    expect((await pull("team/web", "pull,push")).status).toBe(200);
    expect(tokens.requests.length).toBe(2);
  });

  it("that are stale do not keep a public chart from being pulled, but a push fails and says whose they are", async () => {
    const { pull } = await world({
      client: { credentials: provide(stale) },
      reply: (request) => (isStale(request) ? { status: 401, body: "" } : { body: { token: "t" } }),
    });
    expect((await pull()).status).toBe(200);
    const failure: unknown = await pull("team/web", "pull,push").catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "unauthenticated" });
    expect(String(failure)).toContain("docker file");
    expect(String(failure)).not.toContain("stale");
  });

  it("that one repository refuses still serve the others", async () => {
    const registry = await startStubServer((request, response) => {
      if (request.url === "/closed" || request.headers["authorization"] === undefined)
        response.writeHead(401, { "www-authenticate": "Basic realm=r" });
      response.end();
    });
    const http = createHttpClient({ origin: registry.origin, clock: manualClock(), credentials: provide(alice) });
    onTestFinished(() => registry.close());
    onTestFinished(() => http.close());
    const status = async (path: string): Promise<number> => {
      const answer = await http.send({
        method: "GET",
        url: new URL(path, registry.origin),
        operation: "test",
        repository: path.slice(1),
        scopes: [`repository:${path.slice(1)}:pull,push`],
      });
      await answer.dump();
      return answer.status;
    };
    expect([await status("/open"), await status("/closed"), await status("/open"), await status("/other")]).toEqual([200, 401, 200, 200]);
  });

  it("of the provider that fail are the request's failure, never anonymous", async () => {
    const broken = new ChartferryError("the helper is broken", { code: "credentials-unavailable", operation: "read credentials" });
    const { pull, tokens } = await world({ client: { credentials: () => Promise.reject(broken) } });
    await expect(pull()).rejects.toBe(broken);
    expect(tokens.requests.length).toBe(0);
  });

  it("expire and are asked for again in time", async () => {
    let asked = 0;
    const clock = manualClock();
    const registry = await startStubServer((request, response) => {
      if (request.headers["authorization"] === undefined) response.writeHead(401, { "www-authenticate": "Basic" });
      response.end();
    });
    const credentials: CredentialProvider = () => {
      asked += 1;
      return Promise.resolve({ kind: "basic", username: "AWS", password: `p${asked}`, source: "sdk", expiresAt: clock.now() + 600_000 });
    };
    const http = createHttpClient({ origin: registry.origin, clock, credentials });
    onTestFinished(() => registry.close());
    onTestFinished(() => http.close());
    const get = async (): Promise<void> => (await http.send({ method: "GET", url: registry.origin, operation: "test" })).dump();
    await get();
    await get();
    expect(asked).toBe(1);
    clock.advance(545_000);
    await get();
    expect(asked).toBe(2);
  });

  it("that an adapter knows as expired from a 403 are renewed once, with the body sent again", async () => {
    let asked = 0;
    const registry = await startStubServer((request, response) => {
      const pair = Buffer.from(String(request.headers["authorization"] ?? "").slice(6), "base64").toString();
      if (pair === "") response.writeHead(401, { "www-authenticate": "Basic" }).end();
      else if (pair === "AWS:p1")
        response.writeHead(403).end('{"errors":[{"code":"DENIED","message":"Your authorization token has expired"}]}');
      else response.writeHead(pair === "AWS:p2" ? 201 : 403).end("other reason");
    });
    const credentials: CredentialProvider = () =>
      Promise.resolve({ kind: "basic", username: "AWS", password: `p${(asked += 1)}`, source: "sdk" });
    const http = createHttpClient({
      origin: registry.origin,
      clock: manualClock(),
      credentials,
      isTokenExpired: ({ text }) => text.includes("expired"),
    });
    onTestFinished(() => registry.close());
    onTestFinished(() => http.close());
    const answer = await http.send({
      method: "PUT",
      url: registry.origin,
      operation: "push blob",
      body: new Uint8Array([1, 2, 3]),
      repeats: "upload",
    });
    expect(answer.status).toBe(201);
    await answer.dump();
    expect(registry.requests.map(({ body }) => body.length)).toEqual([3, 3, 3]);
  });

  it("leave a refused answer readable after the adapter has looked at it", async () => {
    const registry = await startStubServer(
      (request, response) =>
        void response
          .writeHead(request.headers["authorization"] === undefined ? 401 : 403, { "www-authenticate": "Basic" })
          .end("no such right"),
    );
    const http = createHttpClient({
      origin: registry.origin,
      clock: manualClock(),
      credentials: provide(alice),
      isTokenExpired: () => false,
    });
    onTestFinished(() => registry.close());
    onTestFinished(() => http.close());
    const answer = await http.send({ method: "GET", url: registry.origin, operation: "test" });
    expect([answer.status, new TextDecoder().decode(await answer.bytes(100))]).toEqual([403, "no such right"]);
  });
});

describe("adapter hooks", () => {
  it("may ask the token service in their own way", async () => {
    const { tokens, pull } = await world({
      client: {
        tokenRequest: (challenge, credential, scopes) => ({
          method: "POST",
          url: new URL("/oauth2/token", challenge.parameters["realm"]),
          form: { kind: credential.kind, scope: scopes.join(" ") },
        }),
      },
    });
    expect((await pull()).status).toBe(200);
    expect([tokens.requests[0]?.url, tokens.requests[0]?.body.toString()]).toEqual([
      "/oauth2/token",
      "kind=basic&scope=repository%3Ateam%2Fweb%3Apull",
    ]);
  });
});
