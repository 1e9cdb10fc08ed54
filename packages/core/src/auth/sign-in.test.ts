import { afterEach, describe, expect, it } from "vitest";

import { ChartferryError } from "../errors.ts";
import { createHttpClient, type HttpClientOptions } from "../http/create-http-client.ts";
import { errorFromAnswer } from "../http/error-response.ts";
import type { HttpAnswer, HttpClient } from "../http/http-client.ts";
import { type ManualClock, manualClock } from "../http/testing/manual-clock.ts";
import { type SeenRequest, startStubServer, type StubServer } from "../http/testing/start-stub-server.ts";
import type { Credential, CredentialProvider, CredentialRequest } from "./credential.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const alice: Credential = { kind: "basic", username: "alice", password: "wonder:land", source: "test file" };
const anonymous: Credential = { kind: "anonymous", source: "none" };
const provide =
  (...credentials: readonly Credential[]): CredentialProvider =>
  ({ refused = [] }: CredentialRequest) =>
    Promise.resolve(credentials.find(({ source }) => !refused.includes(source)) ?? anonymous);

interface World {
  readonly registry: StubServer;
  readonly tokens: StubServer;
  readonly http: HttpClient;
  readonly clock: ManualClock;
  readonly pull: (repository?: string, actions?: string) => Promise<HttpAnswer>;
}

interface WorldOptions {
  /** Answers the token service; default: a new token each time. */
  readonly reply?: (request: SeenRequest, turn: number) => { status?: number; body: unknown };
  /** Whether a token opens the door; default: any. */
  readonly accepts?: (token: string, clock: ManualClock) => boolean;
  readonly challenge?: (tokens: URL, request: SeenRequest) => string;
  readonly client?: Partial<HttpClientOptions>;
}

/** A registry and its token service on two ports. */
async function world(options: WorldOptions = {}): Promise<World> {
  const clock = manualClock();
  let turn = 0;
  const tokens = await startStubServer((request, response) => {
    turn += 1;
    const { status = 200, body } = options.reply?.(request, turn) ?? { body: { token: `token-${turn}`, expires_in: 300 } };
    response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
  });
  const registry = await startStubServer((request, response) => {
    const token = String(request.headers["authorization"] ?? "").replace(/^Bearer /, "");
    if (token !== "" && (options.accepts ?? (() => true))(token, clock)) return void response.end("ok");
    const challenge = options.challenge?.(tokens.origin, request) ?? `Bearer realm="${tokens.origin.href}token",service="registry"`;
    response.writeHead(401, { "www-authenticate": challenge }).end('{"errors":[{"code":"UNAUTHORIZED","message":"sign in"}]}');
  });
  const http = createHttpClient({ origin: registry.origin, clock, random: () => 0, credentials: provide(alice), ...options.client });
  closers.push(
    () => registry.close(),
    () => tokens.close(),
    () => http.close(),
  );
  const pull = async (repository = "team/web", actions = "pull"): Promise<HttpAnswer> => {
    const answer = await http.send({
      method: "GET",
      url: new URL(`/v2/${repository}/x`, registry.origin),
      operation: "fetch manifest",
      repository,
      scopes: [`repository:${repository}:${actions}`],
    });
    await answer.dump();
    return answer;
  };
  return { registry, tokens, http, clock, pull };
}

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
      if (request.url.startsWith("/auth")) return void response.end('{"token":"t","expires_in":300}');
      if (request.headers["authorization"] === undefined)
        response.writeHead(401, { "www-authenticate": `Bearer realm="${server.origin.href}auth"` });
      response.end("body");
    });
    const http = createHttpClient({
      origin: server.origin,
      clock: manualClock(),
      connections: 2,
      timeouts: { headersMs: 2000, bodyIdleMs: 2000 },
    });
    closers.push(
      () => http.close(),
      () => server.close(),
    );
    const get = async (): Promise<number> => {
      const answer = await http.send({ method: "GET", url: server.origin, operation: "test" });
      await answer.dump();
      return answer.status;
    };
    expect(await Promise.all(Array.from({ length: 20 }, get))).toEqual(Array.from({ length: 20 }, () => 200));
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
    const challenge = (tokens: URL, request: SeenRequest): string =>
      `Bearer realm="${tokens.href}token",service="registry",scope="repository:team/web:pull,push"${request.headers["authorization"] === undefined ? "" : ',error="insufficient_scope"'}`;
    const { http, registry, tokens } = await world({ accepts: () => false, challenge });
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
    const challenge = (tokens: URL, request: SeenRequest): string =>
      `Bearer realm="${tokens.href}${request.url.includes("/b/") ? "for-b" : "for-a"}",service="s"`;
    const { tokens, pull } = await world({
      challenge,
      accepts: () => true,
      reply: (request) => ({ body: { token: request.url.split("?")[0] } }),
    });
    await pull("a");
    await pull("b");
    expect(tokens.requests.map(({ url }) => url.split("?")[0])).toEqual(["/for-a", "/for-a"]);
    const strict = await world({
      challenge,
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
    closers.push(
      () => thief.close(),
      () => service.close(),
    );
    const { pull } = await world({ client: { credentials: provide(identity) }, challenge: () => `Bearer realm="${service.origin.href}"` });
    await expect(pull()).rejects.toMatchObject({ code: "redirect-refused" });
    expect(thief.requests.length).toBe(0);
    const basic = await world({ challenge: () => `Bearer realm="${service.origin.href}"` });
    expect((await basic.pull()).status).toBe(200);
    expect(thief.requests.map(({ headers }) => headers["authorization"])).toEqual([undefined]);
  });
});

describe("a token service that misbehaves", () => {
  it.each([
    ["no token", {}],
    ["a token that is no text", { token: 7 }],
    ["a token that would break the header", { token: "a\r\nx: y" }],
    ["a list", []],
    ["null", null],
    ["no JSON", "<html>"],
  ])("fails clearly on %s", async (_title, body) => {
    const { pull } = await world({ reply: () => ({ body }) });
    await expect(pull()).rejects.toMatchObject({ code: "protocol-violation", operation: "sign in" });
  });

  it("reads at most 128 KiB", async () => {
    const { pull } = await world({ reply: () => ({ body: { token: "x".repeat(200_000) } }) });
    await expect(pull()).rejects.toMatchObject({ code: "too-large" });
  });

  it("is asked again after 503, and heard when it says why not", async () => {
    const { pull, tokens } = await world({
      reply: (_request, turn) => (turn === 1 ? { status: 503, body: "" } : { body: { token: "t" } }),
    });
    expect((await pull()).status).toBe(200);
    expect(tokens.requests.length).toBe(2);
    const refusing = await world({
      reply: () => ({ status: 403, body: { errors: [{ code: "DENIED", message: "repository team/web not found" }] } }),
    });
    const failure: unknown = await refusing.pull().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "denied", operation: "sign in", repository: "team/web" });
    expect(String(failure)).toContain("repository team/web not found");
  });

  it.each([
    "ftp://x/token",
    "http://user:pw@127.0.0.1/",
    "http://169.254.169.254/token",
    "http://[fd00:ec2::254]/t",
    "http://metadata.google.internal/t",
  ])("gets nothing at %s", async (realm) => {
    const { pull } = await world({ challenge: () => `Bearer realm="${realm}"` });
    await expect(pull()).rejects.toMatchObject({ code: "redirect-refused" });
  });

  it("gets nothing on this machine from a registry elsewhere, whatever its name", async () => {
    const { tokens, registry } = await world();
    const origin = new URL(`http://registry.example:${registry.origin.port}`);
    for (const realm of [tokens.origin.href, `http://auth.example:${tokens.origin.port}/`]) {
      const server = await startStubServer(
        (_request, response) => void response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}"` }).end(),
      );
      origin.port = server.origin.port;
      const lookup = (host: string): Promise<string[]> =>
        Promise.resolve(host === "registry.example" ? ["127.0.0.1", "203.0.113.9"] : ["127.0.0.1"]);
      const http = createHttpClient({ origin, lookup, credentials: provide(alice), clock: manualClock(), attempts: 1 });
      closers.push(
        () => server.close(),
        () => http.close(),
      );
      await expect(http.send({ method: "GET", url: origin, operation: "sign in" })).rejects.toMatchObject({ code: "redirect-refused" });
    }
    expect(tokens.requests.length).toBe(0);
  });
});

describe("credentials", () => {
  const stale: Credential = { kind: "basic", username: "old", password: "stale", source: "docker file" };
  const isStale = (request: SeenRequest): boolean =>
    Buffer.from(String(request.headers["authorization"]).slice(6), "base64").toString().startsWith("old:");

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
    closers.push(
      () => registry.close(),
      () => http.close(),
    );
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
    closers.push(
      () => registry.close(),
      () => http.close(),
    );
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
      if (pair === "") return void response.writeHead(401, { "www-authenticate": "Basic" }).end();
      if (pair === "AWS:p1")
        return void response.writeHead(403).end('{"errors":[{"code":"DENIED","message":"Your authorization token has expired"}]}');
      response.writeHead(pair === "AWS:p2" ? 201 : 403).end("other reason");
    });
    const credentials: CredentialProvider = () =>
      Promise.resolve({ kind: "basic", username: "AWS", password: `p${(asked += 1)}`, source: "sdk" });
    const http = createHttpClient({
      origin: registry.origin,
      clock: manualClock(),
      credentials,
      isTokenExpired: ({ text }) => text.includes("expired"),
    });
    closers.push(
      () => registry.close(),
      () => http.close(),
    );
    const answer = await http.send({
      method: "PUT",
      url: registry.origin,
      operation: "push blob",
      body: new Uint8Array([1, 2, 3]),
      retry: "once",
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
    closers.push(
      () => registry.close(),
      () => http.close(),
    );
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
