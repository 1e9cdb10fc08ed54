import { createServer, type Server, type ServerResponse } from "node:http";

import { afterEach, describe, expect, it } from "vitest";

import { openConnection } from "./open-connection.ts";
import type { ProbeAnswer } from "./registry-adapter.ts";
import { plainAdapter } from "./testing/plain-adapter.ts";

const generic = plainAdapter("generic");

const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

let server: Server | undefined;
afterEach(() => new Promise((done) => (server === undefined ? done(undefined) : server.close(done))));

/** Gives no token to anybody without the password, in one of the ways in which token services say so. */
async function startClosedRegistry(
  refuse: (response: ServerResponse, host: string) => void,
): Promise<{ registry: string; lines: string[] }> {
  const lines: string[] = [];
  server = createServer((request, response) => {
    const { authorization = "-", host = "" } = request.headers;
    lines.push(`${request.method} ${request.url} ${authorization}`);
    if (request.url?.startsWith("/token") === true) {
      if (authorization === basic("me:secret")) response.end(JSON.stringify({ token: "t" }));
      else refuse(response, host);
      return;
    }
    if (request.url === "/login") {
      response.end("<html>Sign in</html>");
      return;
    }
    response.statusCode = authorization === "Bearer t" ? 200 : 401;
    response.setHeader("x-known", "by its headers");
    if (response.statusCode === 401) response.setHeader("www-authenticate", `Bearer realm="http://${host}/token",service="test"`);
    response.end(JSON.stringify({ tags: ["1.0.0"] }));
  });
  await new Promise<void>((done) => server?.listen(0, "127.0.0.1", done));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the system named no port");
  return { registry: `127.0.0.1:${address.port}`, lines };
}

describe("a registry whose token service gives strangers nothing", () => {
  it.each<[string, (response: ServerResponse, host: string) => void]>([
    ...[400, 401, 403, 404].map((status): [string, (response: ServerResponse) => void] => [
      `with ${status}`,
      (response) => void response.writeHead(status).end(),
    ]),
    ["with a page", (response) => void response.end("<html>Sign in</html>")],
    ["with a way to a page", (response, host) => void response.writeHead(302, { location: `http://${host}/login` }).end()],
  ])("(%s) is known by its first answer, and its token service is asked with the password only", async (_how, refuse) => {
    const { registry, lines } = await startClosedRegistry(refuse);
    const known = {
      ...generic,
      id: "known",
      probe: ({ status, headers }: ProbeAnswer) => status === 401 && headers["x-known"] !== undefined,
    };
    const connection = await openConnection({
      end: "source",
      registry,
      environment: {},
      adapters: [known, generic],
      credential: { kind: "basic", username: "me", password: "secret", source: "--username" },
    });
    expect(connection.adapter).toBe("known");
    expect(lines).toEqual(["GET /v2/ -"]);
    for await (const tag of (await connection.openStore("charts/web")).tags()) expect(tag).toBe("1.0.0");
    expect(lines.slice(1)).toEqual([
      "GET /v2/charts/web/tags/list -",
      `GET /token?service=test&scope=repository%3Acharts%2Fweb%3Apull ${basic("me:secret")}`,
      "GET /v2/charts/web/tags/list Bearer t",
    ]);
    expect(connection.traffic()[registry]?.requests).toBe(4);
    await connection.close();
  });
});
