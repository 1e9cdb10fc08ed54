import { describe, expect, it, onTestFinished } from "vitest";

import { createHttpClient, type HttpClientOptions } from "../http/create-http-client.ts";
import type { HttpClient } from "../http/http-client.ts";
import { manualClock } from "../http/testing/manual-clock.ts";
import { type SeenRequest, startStubServer, type StubHandler, type StubServer } from "../http/testing/start-stub-server.ts";
import type { Credential, PassedOver } from "./credential.ts";
import { alice, provide, world } from "./testing/start-token-world.ts";

const stale: Credential = { kind: "basic", username: "old", password: "stale-one", source: "docker file" };
const isStale = (header: unknown): boolean => Buffer.from(String(header).slice(6), "base64").toString().startsWith("old:");
const refuseBasic: StubHandler = (_request, response) => void response.writeHead(401, { "www-authenticate": "Basic" }).end();
const expiring: StubHandler = (request, response) => {
  if (request.headers["authorization"] === undefined) response.writeHead(401, { "www-authenticate": "Basic" }).end();
  else response.writeHead(403).end("expired");
};
const isTokenExpired: HttpClientOptions["isTokenExpired"] = ({ text }) => text === "" || text === "expired";
const reading = { operation: "fetch manifest", repository: "team/web", scopes: ["repository:team/web:pull"] } as const;

interface BasicWorld {
  readonly server: StubServer;
  readonly http: HttpClient;
  readonly status: (method?: "GET" | "HEAD") => Promise<number>;
}

async function basic(handler: StubHandler, options: Partial<HttpClientOptions>): Promise<BasicWorld> {
  const server = await startStubServer(handler);
  const http = createHttpClient({ origin: server.origin, clock: manualClock(), ...options });
  onTestFinished(() => server.close());
  onTestFinished(() => http.close());
  const status = async (method: "GET" | "HEAD" = "GET"): Promise<number> => {
    const answer = await http.send({ method, url: server.origin, ...reading });
    await answer.dump();
    return answer.status;
  };
  return { server, http, status };
}

describe("signing in comes to an end", () => {
  it("where the token service refuses nobody's request as well", async () => {
    const { pull, tokens } = await world({ client: { credentials: provide() }, reply: () => ({ status: 401, body: "" }) });
    await expect(pull()).rejects.toMatchObject({ code: "unauthenticated" });
    expect(tokens.requests).toHaveLength(1);
  });

  it("where a password is wanted and nobody has given one: the same request is not sent again", async () => {
    const { server, status } = await basic(refuseBasic, { credentials: provide() });
    expect([await status(), server.requests.length]).toEqual([401, 1]);
  });

  it("where the only password is refused: nobody's rights are no answer to a question for a password", async () => {
    const told: PassedOver[] = [];
    const { server, status } = await basic(refuseBasic, { credentials: provide(stale), onPassedOver: (passed) => told.push(passed) });
    expect([await status(), server.requests.length, told]).toEqual([401, 2, []]);
  });

  it("where the only password has expired, and says so; an answer that may mean something else is given back", async () => {
    const { status } = await basic(expiring, { credentials: provide(stale), isTokenExpired });
    await expect(status()).rejects.toMatchObject({ code: "credentials-expired", message: expect.stringContaining("docker file") });
    expect(await (await basic(expiring, { credentials: provide(stale), isTokenExpired })).status("HEAD")).toBe(403);
  });
});

/** A Bearer challenge, which goes on in another way for whoever shows a token. */
function challenges(more: string) {
  return (tokens: URL, { headers }: SeenRequest): string =>
    `Bearer realm="${tokens.href}token",service="registry${headers["authorization"] === undefined ? '"' : more}`;
}

describe("a registry that speaks of a scope that is not enough", () => {
  it("is not asked once more, however else it words it, where the token has all that it names", async () => {
    const { pull, registry, tokens } = await world({ accepts: () => false, challenge: challenges('-2",error="insufficient_scope"') });
    expect((await pull()).status).toBe(401);
    expect([registry.requests.length, tokens.requests.length]).toEqual([2, 1]);
  });

  it("gets a token for what it names then", async () => {
    const { pull, tokens } = await world({
      accepts: (token) => token === "token-2",
      challenge: challenges('",error="insufficient_scope",scope="repository:team/web:pull,push"'),
    });
    expect((await pull()).status).toBe(200);
    expect(tokens.requests.map(({ url }) => new URL(url, "http://x").searchParams.get("scope"))).toEqual([
      "repository:team/web:pull",
      "repository:team/web:pull,push",
    ]);
  });

  it("gets a new token where the one that it refuses was not just made for it", async () => {
    let revoked = "";
    const { pull } = await world({ accepts: (token) => token !== revoked, challenge: challenges('",error="insufficient_scope"') });
    expect((await pull()).status).toBe(200);
    revoked = "token-1";
    expect((await pull()).status).toBe(200);
  });
});

describe("nobody's rights", () => {
  it("are taken only by a request that says that it reads a repository", async () => {
    const { http, registry, pull } = await world({
      client: { credentials: provide(stale) },
      reply: (request) => (request.headers["authorization"] === undefined ? { body: { token: "t" } } : { status: 401, body: "" }),
    });
    await expect(http.send({ method: "GET", url: registry.origin, operation: "sign in", scopes: [] })).rejects.toMatchObject({
      code: "unauthenticated",
    });
    expect((await pull()).status).toBe(200);
  });
});

describe("a classic repository, which is shown a password unasked", () => {
  it.each<Credential>([
    { kind: "bearer", token: "a-bearer-token", source: "file" },
    { kind: "refresh", refreshToken: "a-refresh-token", source: "file" },
    { kind: "anonymous", source: "none" },
  ])("is shown nothing that is no password: $kind", async (credential) => {
    const { server, status } = await basic((_request, response) => void response.end(), {
      basic: "first",
      credentials: provide(credential),
    });
    expect([await status(), server.requests[0]?.headers["authorization"]]).toEqual([200, undefined]);
  });
});

describe("a credential that is passed over", () => {
  it("is told once, however many repositories refuse it", async () => {
    const told: PassedOver[] = [];
    const { pull } = await world({
      client: { credentials: provide(stale, alice), onPassedOver: (passed) => told.push(passed) },
      reply: ({ headers }) => (isStale(headers["authorization"]) ? { status: 401, body: "" } : { body: { token: "t" } }),
    });
    for (const repository of ["a", "b"]) expect((await pull(repository, "pull,push")).status).toBe(200);
    expect(told).toEqual([{ source: "docker file", next: "test file", because: "refused" }]);
  });

  it("is not told where its own source has a newer one", async () => {
    const told: PassedOver[] = [];
    const renewed: Credential = { ...stale, username: "new", password: "another" };
    const { pull } = await world({
      client: {
        credentials: ({ refused = [] }) => Promise.resolve(refused.length === 0 ? stale : renewed),
        onPassedOver: (passed) => told.push(passed),
      },
      reply: ({ headers }) => (isStale(headers["authorization"]) ? { status: 401, body: "" } : { body: { token: "t" } }),
    });
    expect([(await pull("a", "pull,push")).status, told]).toEqual([200, []]);
  });
});
