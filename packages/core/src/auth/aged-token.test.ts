import { expect, it, onTestFinished } from "vitest";

import { createHttpClient } from "../http/create-http-client.ts";
import { manualClock } from "../http/testing/manual-clock.ts";
import { startStubServer, type StubServer } from "../http/testing/start-stub-server.ts";
import { alice, provide } from "./testing/start-token-world.ts";

/** Gives tokens to whoever comes with nothing, and offers Basic alone to whoever shows a token that it refuses. Source: Harbor. */
async function harborLike(accepts: (shown: string) => boolean): Promise<StubServer> {
  let issued = 0;
  const registry: StubServer = await startStubServer((request, response) => {
    const shown = String(request.headers["authorization"] ?? "");
    const token = `Bearer realm="${registry.origin.href}token",service="harbor-registry"`;
    if (request.url.startsWith("/token")) response.end(JSON.stringify({ token: `token-${++issued}`, expires_in: 1800 }));
    else response.writeHead(accepts(shown) ? 200 : 401, { "www-authenticate": shown === "" ? token : 'Basic realm="harbor"' }).end();
  });
  onTestFinished(() => registry.close());
  return registry;
}

it("renews a token that has aged before it takes to the Basic that is offered, and takes to that where a new one is refused too", async () => {
  let accepted = "Bearer token-1";
  const registry = await harborLike((shown) => shown.startsWith(accepted));
  const http = createHttpClient({ origin: registry.origin, clock: manualClock(), credentials: provide(alice) });
  onTestFinished(() => http.close());
  const shown = async (): Promise<string[]> => {
    const before = registry.requests.length;
    const url = new URL("/v2/team/web/x", registry.origin);
    const answer = await http.send({ method: "GET", url, operation: "test", repository: "team/web" });
    await answer.dump();
    const asked = registry.requests.slice(before).filter((request) => request.url.startsWith("/v2/"));
    return [...asked.map(({ headers }) => String(headers["authorization"] ?? "").replace(/^Basic .+/, "Basic")), String(answer.status)];
  };
  expect(await shown()).toEqual(["", "Bearer token-1", "200"]);
  accepted = "Bearer token-2";
  expect(await shown()).toEqual(["Bearer token-1", "Bearer token-2", "200"]);
  accepted = "Basic";
  expect(await shown()).toEqual(["Bearer token-2", "Bearer token-3", "Basic", "200"]);
});
