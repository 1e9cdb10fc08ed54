import { describe, expect, it, onTestFinished } from "vitest";

import type { ErrorView } from "../adapter/registry-adapter.ts";
import { createHttpClient } from "../http/create-http-client.ts";
import { manualClock } from "../http/testing/manual-clock.ts";
import { startStubServer } from "../http/testing/start-stub-server.ts";
import { alice, provide, world } from "./testing/start-token-world.ts";

const elsewhere = (host: string): Promise<string[]> =>
  Promise.resolve(host === "registry.example" ? ["127.0.0.1", "203.0.113.9"] : ["127.0.0.1"]);

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

  it("is read by the adapter, who is told which user it refuses", async () => {
    const told: unknown[] = [];
    const mapError = ({ operation, username }: ErrorView) => {
      told.push([operation, username]);
      return { code: "credentials-expired" } as const;
    };
    const { pull } = await world({ reply: () => ({ status: 401, body: "" }), client: { mapError } });
    await expect(pull("team/web", "pull,push")).rejects.toMatchObject({ code: "credentials-expired" });
    expect(told).toEqual([["sign in", "alice"]]);
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

  it("that sends us to another host, which asks for a password, is told from one that refuses ours", async () => {
    const other = await startStubServer((_request, response) => void response.writeHead(401).end());
    const service = await startStubServer((_request, response) => void response.writeHead(307, { location: other.origin.href }).end());
    onTestFinished(() => other.close());
    onTestFinished(() => service.close());
    const { pull } = await world({ challenge: () => `Bearer realm="${service.origin.href}"` });
    const failure: unknown = await pull("team/web", "pull,push").catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "redirect-refused",
      operation: "sign in",
      message: expect.stringContaining(`sends us away to ${other.origin.host}, where passwords do not go`),
      hint: expect.stringContaining(other.origin.host),
    });
    expect(other.requests.map(({ headers }) => headers["authorization"])).toEqual([undefined]);
  });

  it("that sends us to another host, which gives a token to anybody, is told as such once the registry refuses that token", async () => {
    const other = await startStubServer((_request, response) => void response.end('{"token":"for-anybody"}'));
    const service = await startStubServer((_request, response) => void response.writeHead(307, { location: other.origin.href }).end());
    onTestFinished(() => other.close());
    onTestFinished(() => service.close());
    const { pull } = await world({ challenge: () => `Bearer realm="${service.origin.href}"`, accepts: () => false });
    const failure: unknown = await pull("team/web", "pull,push").catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "redirect-refused", repository: "team/web", hint: expect.stringContaining(other.origin.host) });
    expect(String(failure)).not.toContain("test file");
  });

  it("gets nothing on this machine from a registry elsewhere, whatever its name", async () => {
    const { tokens, registry } = await world();
    const origin = new URL(`http://registry.example:${registry.origin.port}`);
    for (const realm of [tokens.origin.href, `http://auth.example:${tokens.origin.port}/`]) {
      const server = await startStubServer(
        (_request, response) => void response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}"` }).end(),
      );
      origin.port = server.origin.port;
      const http = createHttpClient({ origin, lookup: elsewhere, credentials: provide(alice), clock: manualClock(), attempts: 1 });
      onTestFinished(() => server.close());
      onTestFinished(() => http.close());
      await expect(http.send({ method: "GET", url: origin, operation: "sign in" })).rejects.toMatchObject({ code: "redirect-refused" });
    }
    expect(tokens.requests.length).toBe(0);
  });
});
