import { createServer, type Server } from "node:http";

import { afterEach, describe, expect, it } from "vitest";

import { digestOf } from "../digest.ts";
import { manualClock } from "../http/testing/manual-clock.ts";
import { openConnection } from "./open-connection.ts";
import type { RegistryAdapter } from "./registry-adapter.ts";
import { plainAdapter } from "./testing/plain-adapter.ts";

const generic = plainAdapter("generic");

const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

let server: Server | undefined;
afterEach(() => new Promise((done) => (server === undefined ? done(undefined) : server.close(done))));

/** A registry that wants the given Basic header and has one tag. */
async function startServer(authorization?: string): Promise<{ registry: string; lines: string[] }> {
  const lines: string[] = [];
  server = createServer((request, response) => {
    lines.push(`${request.method} ${request.url} ${request.headers.authorization ?? "-"}`);
    response.statusCode = authorization === undefined || request.headers.authorization === authorization ? 200 : 401;
    if (response.statusCode === 401) response.setHeader("www-authenticate", 'Basic realm="test"');
    response.end(JSON.stringify({ tags: ["1.0.0"] }));
  });
  await new Promise<void>((done) => server?.listen(0, "127.0.0.1", done));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the system named no port");
  return { registry: `127.0.0.1:${address.port}`, lines };
}

describe("opening a connection", () => {
  it("says at once that a registry never answered, rather than once a version", async () => {
    server = createServer(() => {});
    await new Promise<void>((done) => server?.listen(0, "127.0.0.1", done));
    const address = server.address();
    const registry = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    const opening = openConnection({
      end: "target",
      registry,
      plainHttp: true,
      environment: {},
      adapters: [{ ...generic, probe: () => true }],
      clock: manualClock(),
      timeouts: { headersMs: 20 },
    });
    await expect(opening).rejects.toMatchObject({ code: "timeout", operation: "look at registry" });
    server.closeAllConnections();
  });

  it("finds plain http on this machine by itself, and counts the request that chose the adapter", async () => {
    const { registry, lines } = await startServer();
    const probing = { ...generic, id: "probing", probe: () => true };
    const connection = await openConnection({ end: "target", registry, environment: {}, adapters: [probing, generic] });
    const tags: string[] = [];
    for await (const tag of (await connection.openStore("charts/web")).tags()) tags.push(tag);
    expect(tags).toEqual(["1.0.0"]);
    expect(connection.adapter).toBe("probing");
    expect(lines).toEqual(["GET /v2/ -", "GET /v2/charts/web/tags/list -"]);
    expect(connection.traffic()[registry]?.requests).toBe(2);
    await connection.close();
  });

  it("signs in with the adapter's own credentials, and an explicit one goes before them", async () => {
    const own: RegistryAdapter = {
      ...generic,
      credentials: () => ({ chain: () => Promise.resolve({ kind: "basic", username: "cloud", password: "token", source: "the cloud" }) }),
    };
    for (const [expected, explicit] of [
      ["cloud:token", undefined],
      ["me:secret", { kind: "basic", username: "me", password: "secret", source: "--username" } as const],
    ] as const) {
      const { registry, lines } = await startServer(basic(expected));
      const credential = explicit === undefined ? {} : { credential: explicit };
      const connection = await openConnection({
        end: "target",
        registry,
        environment: {},
        adapters: [own],
        adapter: "generic",
        ...credential,
      });
      await connection.ping();
      expect(lines.at(-1)).toBe(`GET /v2/ ${basic(expected)}`);
      await connection.close();
      await new Promise((done) => server?.close(done));
    }
    server = undefined;
  });

  it("asks the host that the adapter names, whatever the user wrote", async () => {
    const { registry, lines } = await startServer();
    const alias: RegistryAdapter = {
      ...generic,
      resolve: (_host, repository) => ({ apiHost: registry, repository: `library/${repository}`, credentialKey: "alias" }),
    };
    const options = {
      end: "target",
      registry: "charts.example",
      plainHttp: true,
      environment: {},
      adapters: [alias],
      adapter: "generic",
    } as const;
    const connection = await openConnection(options);
    await (await connection.openStore("web")).resolve("1.0.0");
    expect(lines[0]).toContain("HEAD /v2/library/web/manifests/1.0.0");
    await connection.close();
  });
});

/** Answers 401 with a challenge until a bearer token comes; its own token service writes the scopes down. */
async function startTokenRegistry(): Promise<{ registry: string; scopes: string[] }> {
  const scopes: string[] = [];
  server = createServer((request, response) => {
    const url = new URL(request.url ?? "", `http://${request.headers.host}`);
    if (url.pathname === "/token") {
      scopes.push(url.searchParams.getAll("scope").join(" "));
      response.end(JSON.stringify({ token: "t", expires_in: 300 }));
      return;
    }
    const isSignedIn = request.headers.authorization === "Bearer t";
    response.statusCode = isSignedIn ? (request.method === "PUT" ? 201 : 200) : 401;
    if (!isSignedIn) response.setHeader("www-authenticate", `Bearer realm="http://${request.headers.host}/token",service="test"`);
    response.end(JSON.stringify({ tags: [] }));
  });
  await new Promise<void>((done) => server?.listen(0, "127.0.0.1", done));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the system named no port");
  return { registry: `127.0.0.1:${address.port}`, scopes };
}

describe("a token registry", () => {
  it.each([
    ["target", false, ["repository:charts/web:pull,push"]],
    ["source", false, ["repository:charts/web:pull"]],
    // Some registries make a repository while they issue a token to push to it.
    ["target", true, ["repository:charts/web:pull"]],
  ] as const)("is asked by the %s's end (read-only: %s) for one token a repository, with the rights that end needs", async (...given) => {
    const [end, readOnly, expected] = given;
    const { registry, scopes } = await startTokenRegistry();
    const connection = await openConnection({ end, registry, readOnly, environment: {}, adapters: [generic], adapter: "generic" });
    const store = await connection.openStore("charts/web");
    for await (const tag of store.tags()) expect(tag).toBe("none");
    const bytes = new TextEncoder().encode("{}");
    const manifest = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: digestOf(bytes), bytes };
    if (end === "target" && !readOnly) await store.putManifest("1.0.0", manifest);
    expect(scopes).toEqual(expected);
    await connection.close();
  });

  it.each([
    [generic, "repository:charts/web:delete,pull"],
    [{ ...generic, traits: { ...generic.traits, deleteActions: "pull,push" } }, "repository:charts/web:pull,push"],
  ])("is asked for a token to delete with in its own words", async (adapter, expected) => {
    const { registry, scopes } = await startTokenRegistry();
    const connection = await openConnection({ end: "target", registry, environment: {}, adapters: [adapter], adapter: "generic" });
    await (await connection.openStore("charts/web")).deleteManifest("1.0.0");
    expect(scopes).toEqual([expected]);
    await connection.close();
  });
});

it("an adapter may ask another service of its vendor with what the user signs in with", async () => {
  const { registry, lines } = await startServer();
  const asking: RegistryAdapter = {
    ...generic,
    async *listRepositories(prefix, { http, origin, credential }) {
      const found = await credential(prefix);
      const authorization = found.kind === "basic" ? `Bearer ${found.password}` : undefined;
      const url = new URL("/api", origin);
      const answer = await http.call({ method: "GET", url, operation: "list repositories", authorization });
      await answer.dump();
      yield found.source;
    },
  };
  const credential = { kind: "basic", username: "me", password: "secret", source: "--username" } as const;
  const connection = await openConnection({ end: "source", registry, environment: {}, adapters: [asking], adapter: "generic", credential });
  const found: string[] = [];
  for await (const name of connection.repositories("charts")) found.push(name);
  expect([found, lines]).toEqual([["--username"], ["GET /api Bearer secret"]]);
  await connection.close();
});

const openNamed = (registry: string, namedBy: string): ReturnType<typeof openConnection> =>
  openConnection({ end: "source", registry, environment: {}, adapters: [generic], adapter: "generic", namedBy: new URL(namedBy) });

describe("a registry that a server named", () => {
  it("is not this machine, unless the server is", async () => {
    const { registry, lines } = await startServer();
    const fromOutside = await openNamed(registry, "https://charts.example");
    const asked = (await fromOutside.openStore("web")).resolve("1.0.0");
    await expect(asked).rejects.toMatchObject({ code: "redirect-refused" });
    expect(lines).toEqual([]);
    const fromHere = await openNamed(registry, "http://127.0.0.1:1");
    await (await fromHere.openStore("web")).resolve("1.0.0");
    expect(lines[0]).toContain("HEAD /v2/web/manifests/1.0.0");
    await Promise.all([fromOutside.close(), fromHere.close()]);
  });

  it.each(["169.254.169.254", "metadata.google.internal", "[fd00:ec2::254]"])(
    "is never a cloud's metadata service (%s)",
    async (registry) => {
      const connection = await openNamed(registry, "http://127.0.0.1:1");
      const asked = (await connection.openStore("web")).resolve("1.0.0");
      await expect(asked).rejects.toMatchObject({ code: "redirect-refused" });
      await connection.close();
    },
  );
});

it("an adapter found by its host opens its own connection, where it has a way of its own", async () => {
  const own = { ...generic, id: "own", detect: () => ({}), connect: () => Promise.reject(new Error("its own way")) };
  const opening = openConnection({ end: "target", registry: "127.0.0.1:1", environment: {}, adapters: [own, generic] });
  await expect(opening).rejects.toThrow("its own way");
});
