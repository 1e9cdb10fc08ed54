import { describe, expect, it, onTestFinished } from "vitest";

import { createHttpClient } from "./create-http-client.ts";
import { startStubServer, type StubServer } from "./testing/start-stub-server.ts";
import { errorFromAnswer } from "./answer/error-response.ts";

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
});
