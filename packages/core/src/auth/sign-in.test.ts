import { describe, expect, it, onTestFinished } from "vitest";

import { createHttpClient } from "../http/create-http-client.ts";
import { errorFromAnswer } from "../http/answer/error-response.ts";
import { manualClock } from "../http/testing/manual-clock.ts";
import { type SeenRequest, startRawServer, startStubServer, type StubServer } from "../http/testing/start-stub-server.ts";
import type { Credential } from "./credential.ts";
import { provide, world } from "./testing/start-token-world.ts";

const wantsMore = (tokens: URL, request: SeenRequest): string =>
  `Bearer realm="${tokens.href}token",service="registry",scope="repository:team/web:pull,push"${request.headers["authorization"] === undefined ? "" : ',error="insufficient_scope"'}`;
const realmOfItsOwn = (tokens: URL, request: SeenRequest): string =>
  `Bearer realm="${tokens.href}${request.url.includes("/b/") ? "for-b" : "for-a"}",service="s"`;
describe("bearer tokens", () => {
  it("fetches one by GET with Basic, service and scope, and sends later requests signed in from the start", async () => {
    const { registry, tokens, pull } = await world();
    expect([(await pull()).status, (await pull()).status, (await pull()).status]).toEqual([200, 200, 200]);
    expect([registry.requests.length, tokens.requests.length]).toEqual([4, 1]);
    const [seen] = tokens.requests;
    expect([seen?.method, seen?.url]).toEqual(["GET", "/token?service=registry&scope=repository%3Ateam%2Fweb%3Apull"]);
    expect(Buffer.from(String(seen?.headers["authorization"]).slice(6), "base64").toString()).toBe("alice:wonder:land");
    expect(registry.requests.at(-1)?.headers["authorization"]).toBe("Bearer token-1");
  });

  it("asks once for 100 requests at the same time", async () => {
    const { tokens, pull } = await world();
    const answers = await Promise.all(Array.from({ length: 100 }, () => pull()));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(tokens.requests.length).toBe(1);
  });

  it("waits for no connection that the refused requests themselves hold: a token service on the registry's own host", async () => {
    const server: StubServer = await startStubServer((request, response) => {
      const isToken = request.url.startsWith("/auth");
      if (!isToken && request.headers["authorization"] === undefined)
        response.writeHead(401, { "www-authenticate": `Bearer realm="${server.origin.href}auth"` });
      response.end(isToken ? '{"token":"t","expires_in":300}' : "body");
    });
    const http = createHttpClient({
      origin: server.origin,
      clock: manualClock(),
      connections: 2,
      timeouts: { headersMs: 2000, bodyIdleMs: 2000 },
    });
    onTestFinished(() => http.close());
    onTestFinished(() => server.close());
    const get = async (): Promise<number> => {
      const answer = await http.send({ method: "GET", url: server.origin, operation: "test" });
      await answer.dump();
      return answer.status;
    };
    expect(await Promise.all(Array.from({ length: 20 }, get))).toEqual(Array.from({ length: 20 }, () => 200));
  });

  it("asks a token service that breaks off a few times, and not as often again for the request that needs the token", async () => {
    let asked = 0;
    const broken = await startRawServer((socket) => void socket.once("data", () => void (asked++, socket.resetAndDestroy())));
    onTestFinished(() => broken.close());
    const { pull } = await world({ challenge: () => `Bearer realm="${broken.origin.href}token",service="registry"` });
    await expect(pull()).rejects.toMatchObject({ code: "connection-lost", operation: "sign in" });
    expect(asked).toBe(5);
  });

  it("takes half of an answer for none, and asks again", async () => {
    let asked = 0;
    const half = 'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"token"';
    const whole = 'HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{"token":"t"}';
    const tokens = await startRawServer((socket) => void socket.once("data", () => void socket.end(asked++ === 0 ? half : whole)));
    onTestFinished(() => tokens.close());
    const { pull } = await world({ challenge: () => `Bearer realm="${tokens.origin.href}token",service="registry"` });
    expect([(await pull()).status, asked]).toEqual([200, 2]);
  });

  it("keeps tokens apart by repository and by actions", async () => {
    const { tokens, pull } = await world();
    await pull("a", "pull");
    await pull("a", "pull,push");
    await pull("b", "pull");
    await pull("a", "pull");
    expect(tokens.requests.map(({ url }) => new URL(url, "http://x").searchParams.getAll("scope").join())).toEqual([
      "repository:a:pull",
      "repository:a:pull,push",
      "repository:b:pull",
    ]);
  });

  it.each([
    ["the adapter's, where the reply states none", { tokenLife: 3600, token: "opaque", life: 3600 }],
    ["the token's own, whatever its issuer's clock says", { tokenLife: "jwt", token: jwt({ iat: 5_000_000, exp: 5_000_900 }), life: 900 }],
    ["a minute for a token that does not tell either", { tokenLife: "jwt", token: "opaque", life: 60 }],
  ] as const)("takes as a token's life %s", async (_, { tokenLife, token, life }) => {
    const { tokens, pull, clock } = await world({ reply: () => ({ body: { token } }), client: { tokenLife } });
    await pull();
    // It is renewed a minute before its end, or a quarter of its life.
    const margin = Math.min(60, life / 4) + 1;
    clock.advance((life - margin) * 1000);
    await pull();
    expect(tokens.requests).toHaveLength(1);
    clock.advance(2000);
    await pull();
    expect(tokens.requests).toHaveLength(2);
  });

  it("renews before a token expires; without expires_in after 60 s less a margin", async () => {
    const { tokens, pull, clock } = await world({ reply: (_request, turn) => ({ body: { access_token: `t${turn}` } }) });
    await pull();
    clock.advance(44_000);
    await pull();
    expect(tokens.requests.length).toBe(1);
    clock.advance(2000);
    await pull();
    expect(tokens.requests.length).toBe(2);
  });

  it("takes a token of fewer than 60 seconds for one of 60", async () => {
    const { tokens, pull, clock } = await world({ reply: (_request, turn) => ({ body: { token: `t${turn}`, expires_in: 1 } }) });
    await pull();
    clock.advance(40_000);
    await pull();
    expect(tokens.requests.length).toBe(1);
  });

  it("renews once when a token is refused early, for all who hold it", async () => {
    let revoked = "";
    const { tokens, registry, pull } = await world({ accepts: (token) => token !== revoked });
    await pull();
    revoked = "token-1";
    const answers = await Promise.all(Array.from({ length: 20 }, () => pull()));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(tokens.requests.length).toBe(2);
    expect(registry.requests.length).toBe(2 + 40);
  });

  it("does not go round in circles with a registry that refuses every token", async () => {
    const { tokens, registry, pull } = await world({ accepts: () => false });
    const answer = await pull();
    expect(answer.status).toBe(401);
    expect([registry.requests.length, tokens.requests.length]).toEqual([2, 1]);
    await pull();
    expect([registry.requests.length, tokens.requests.length]).toEqual([4, 2]);
  });

  it("calls missing rights denied, not unauthenticated", async () => {
    const { http, registry, tokens } = await world({ accepts: () => false, challenge: wantsMore });
    const answer = await http.send({
      method: "POST",
      url: registry.origin,
      operation: "push blob",
      repository: "team/web",
      scopes: ["repository:team/web:pull,push"],
    });
    expect(answer.credentialSource).toBe("test file");
    expect(await errorFromAnswer(answer, { operation: "push blob", repository: "team/web" })).toMatchObject({
      code: "denied",
      status: 401,
    });
    expect([registry.requests.length, tokens.requests.length]).toEqual([2, 1]);
  });

  it("signs in again where a repository has a realm of its own", async () => {
    const { tokens, pull } = await world({
      challenge: realmOfItsOwn,
      accepts: () => true,
      reply: (request) => ({ body: { token: request.url.split("?")[0] } }),
    });
    await pull("a");
    await pull("b");
    expect(tokens.requests.map(({ url }) => url.split("?")[0])).toEqual(["/for-a", "/for-a"]);
    const strict = await world({
      challenge: realmOfItsOwn,
      reply: (request) => ({ body: { token: (request.url.split("?")[0] ?? "").slice(1) } }),
      accepts: (token) => token === "for-b",
    });
    expect((await strict.pull("a")).status).toBe(401);
    expect((await strict.pull("b")).status).toBe(200);
    expect((await strict.pull("b")).status).toBe(200);
    expect(strict.tokens.requests.filter(({ url }) => url.startsWith("/for-b")).length).toBe(1);
  });

  it("goes anonymous where nobody gave a credential", async () => {
    const { tokens, pull } = await world({ client: { credentials: provide() } });
    expect((await pull()).status).toBe(200);
    expect(tokens.requests[0]?.headers["authorization"]).toBeUndefined();
  });

  it("sends a ready bearer token as it is", async () => {
    const ready: Credential = { kind: "bearer", token: "ready-made", source: "file" };
    const { tokens, registry, pull } = await world({ client: { credentials: provide(ready) } });
    expect((await pull()).status).toBe(200);
    expect([tokens.requests.length, registry.requests.at(-1)?.headers["authorization"]]).toEqual([0, "Bearer ready-made"]);
  });
});

describe("refresh tokens", () => {
  const identity: Credential = { kind: "refresh", refreshToken: "long-lived", source: "file" };

  it("are exchanged by POST", async () => {
    const { tokens, pull } = await world({ client: { credentials: provide(identity) } });
    expect((await pull()).status).toBe(200);
    const [seen] = tokens.requests;
    expect([seen?.method, seen?.headers["authorization"]]).toEqual(["POST", undefined]);
    expect(Object.fromEntries(new URLSearchParams(seen?.body.toString()))).toEqual({
      grant_type: "refresh_token",
      client_id: "chartferry",
      refresh_token: "long-lived",
      service: "registry",
      scope: "repository:team/web:pull",
    });
  });

  it.each([404, 405])("fall back to GET where the service answers %i to POST", async (status) => {
    const { tokens, pull } = await world({
      client: { credentials: provide(identity) },
      reply: (request) => (request.method === "POST" ? { status, body: "" } : { body: { token: "t" } }),
    });
    expect((await pull()).status).toBe(200);
    expect(tokens.requests.map(({ method }) => method)).toEqual(["POST", "GET"]);
  });

  it("never go to another origin when the service redirects", async () => {
    const thief = await startStubServer((_request, response) => void response.end('{"token":"x"}'));
    const service = await startStubServer((_request, response) => void response.writeHead(307, { location: thief.origin.href }).end());
    onTestFinished(() => thief.close());
    onTestFinished(() => service.close());
    const { pull } = await world({ client: { credentials: provide(identity) }, challenge: () => `Bearer realm="${service.origin.href}"` });
    await expect(pull()).rejects.toMatchObject({ code: "redirect-refused" });
    expect(thief.requests.length).toBe(0);
    const basic = await world({ challenge: () => `Bearer realm="${service.origin.href}"` });
    expect((await basic.pull()).status).toBe(200);
    expect(thief.requests.map(({ headers }) => headers["authorization"])).toEqual([undefined]);
  });
});

function jwt(claims: object): string {
  return ["{}", JSON.stringify(claims), "signature"].map((part) => Buffer.from(part).toString("base64url")).join(".");
}
