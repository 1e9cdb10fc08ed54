import { describe, expect, it, onTestFinished } from "vitest";

import { basicHeader } from "../auth/basic-header.ts";
import type { Credential } from "../auth/credential.ts";
import { provide } from "../auth/testing/start-token-world.ts";
import { createHttpClient } from "./create-http-client.ts";
import { startStubServer, type StubServer } from "./testing/start-stub-server.ts";
import { errorFromAnswer } from "./answer/error-response.ts";

const stale: Credential = { kind: "basic", username: "alice", password: "of yesterday", source: "a file" };
const good: Credential = { ...stale, password: "of today", source: "another file" };

async function server(status = 200, body = "{}"): Promise<StubServer> {
  const started = await startStubServer((_, response) => void response.writeHead(status).end(body));
  onTestFinished(() => started.close());
  return started;
}

/** A client of a registry far away, which must not lead us to this machine. */
function client(): ReturnType<typeof createHttpClient> {
  const http = createHttpClient({ origin: new URL("https://registry.example"), lookup: () => Promise.resolve(["192.0.2.7"]) });
  onTestFinished(() => http.close());
  return http;
}

describe("a call to a vendor's other service", () => {
  it("goes out with its own Authorization, and answers whatever was answered", async () => {
    const service = await server(401);
    const http = client();
    http.trust(service.origin);
    const answer = await http.call({
      method: "POST",
      url: service.origin,
      operation: "create",
      authorization: "AWS4 signed",
      repeats: "probe",
    });
    await answer.dump();
    expect(answer.status).toBe(401);
    expect(service.requests.map(({ method, headers }) => [method, headers["authorization"]])).toEqual([["POST", "AWS4 signed"]]);
  });

  it("goes to an address of this machine only where the user's own environment names that very origin", async () => {
    const [named, other] = [await server(), await server()];
    const http = client();
    http.trust(named.origin);
    const call = (url: URL): Promise<unknown> => http.call({ method: "GET", url, operation: "create" }).then((answer) => answer.dump());
    await call(named.origin);
    await expect(call(other.origin)).rejects.toMatchObject({ code: "redirect-refused" });
    expect([named.requests.length, other.requests.length]).toEqual([1, 0]);
  });

  it("may be one of many at the same time, without a warning of Node's", async () => {
    const service = await server();
    const http = client();
    http.trust(service.origin);
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on("warning", note);
    const calls = Array.from({ length: 40 }, () => http.call({ method: "GET", url: service.origin, operation: "create" }));
    for (const answer of await Promise.all(calls)) await answer.dump();
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", note);
    expect(warnings).toEqual([]);
  });

  it("ends with its caller's signal", async () => {
    const service = await startStubServer(() => {});
    onTestFinished(() => service.close());
    const http = client();
    http.trust(service.origin);
    const stop = new AbortController();
    const calling = http.call({ method: "GET", url: service.origin, operation: "create", signal: stop.signal });
    setTimeout(() => stop.abort(), 20);
    await expect(calling).rejects.toMatchObject({ code: "aborted" });
  });

  it("does not show what was hidden when a server says it back", async () => {
    const service = await server(400, '{"errors":[{"code":"DENIED","message":"no such token: s3cr3t-of-the-cloud"}]}');
    const http = client();
    http.trust(service.origin);
    http.hide("s3cr3t-of-the-cloud");
    const answer = await http.call({ method: "GET", url: service.origin, operation: "create" });
    const { message } = await errorFromAnswer(answer, { operation: "create" });
    expect(message).toContain("no such token: ***");
  });

  it("may be signed as the registry's own requests are: with what the registry has not refused", async () => {
    const registry = await startStubServer((request, response) => {
      const isKnown = request.headers["authorization"] === basicHeader(good);
      response.writeHead(isKnown ? 200 : 401, { "www-authenticate": 'Basic realm="registry"' }).end();
    });
    onTestFinished(() => registry.close());
    const http = createHttpClient({ origin: registry.origin, credentials: provide(stale, good) });
    onTestFinished(() => http.close());
    expect(await http.credential("team/web")).toEqual(stale);
    const scopes = ["repository:team/web:pull,push"];
    const answer = await http.send({ method: "POST", url: registry.origin, operation: "push", repository: "team/web", scopes });
    await answer.dump();
    expect([answer.status, await http.credential("team/web"), await http.credential()]).toEqual([200, good, stale]);
  });
});
