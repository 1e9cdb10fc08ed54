import { readFileSync } from "node:fs";

import { afterEach, describe, expect, it } from "vitest";

import { createHttpClient } from "./create-http-client.ts";
import { redactUrl } from "./redact.ts";
import { manualClock } from "./testing/manual-clock.ts";
import { startStubServer, unusedOrigin } from "./testing/start-stub-server.ts";
import { coreVersion } from "./user-agent.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

describe("urls in logs", () => {
  it.each([
    ["https://user:secret@reg.example/v2/a/blobs/sha256:ab?n=10&last=x#secret", "https://reg.example/v2/a/blobs/sha256:ab?n=10&last=x"],
    [
      "https://s3.example/b?X-Amz-Signature=secret&X-Amz-Credential=secret",
      "https://s3.example/b?X-Amz-Signature=***&X-Amz-Credential=***",
    ],
    ["https://reg.example/u/1?_state=secret&digest=sha256:ab", "https://reg.example/u/1?_state=***&digest=sha256:ab"],
    [
      "https://auth.example/t?scope=repository:a/b:pull,push&service=x&password=secret",
      "https://auth.example/t?scope=repository:a/b:pull,push&service=x&password=***",
    ],
    ["https://x.example/?secret", "https://x.example/?secret=***"],
  ])("%s", (url, expected) => {
    expect(redactUrl(new URL(url))).toBe(expected);
  });
});

describe("the debug log", () => {
  it("has one line per request and no secret in any", async () => {
    const lines: string[] = [];
    const tokens = await startStubServer((_request, response) => void response.end('{"token":"s3cret-token","expires_in":300}'));
    const store = await startStubServer(
      (_request, response) => void response.writeHead(200, { "set-cookie": "id=s3cret" }).end("s3cret-body"),
    );
    let turn = 0;
    const registry = await startStubServer((request, response) => {
      turn += 1;
      if (request.headers["authorization"] === undefined)
        response.writeHead(401, { "www-authenticate": `Bearer realm="${tokens.origin.href}t"` });
      else if (turn === 2) response.writeHead(503);
      else response.writeHead(307, { location: `${store.origin.href}b?sig=s3cret` });
      response.end("s3cret-body");
    });
    const http = createHttpClient({
      origin: registry.origin,
      clock: manualClock(),
      random: () => 0,
      debug: (line) => lines.push(line),
      credentials: () => Promise.resolve({ kind: "basic", username: "me", password: "s3cret", source: "test" }),
    });
    closers.push(
      () => http.close(),
      () => registry.close(),
      () => tokens.close(),
      () => store.close(),
    );
    const answer = await http.send({
      method: "GET",
      url: new URL("/v2/x", registry.origin),
      headers: { cookie: "s3cret" },
      operation: "test",
    });
    await answer.bytes(100);
    const shape = lines.map((line) => line.replace(/\d+ ms/, "N ms").replaceAll(/127\.0\.0\.1:\d+/g, "HOST"));
    expect(shape).toEqual(
      [
        "GET http://HOST/v2/x 401 N ms 11 B",
        "GET http://HOST/t 200 N ms 41 B",
        "GET http://HOST/v2/x 503 N ms 11 B",
        "GET http://HOST/v2/x 307 N ms 11 B attempt 2",
        "GET http://HOST/b?sig=*** 200 N ms 11 B attempt 2",
      ].map((line) => expect.stringMatching(new RegExp(`^${line.replaceAll(/[?*.]/g, "\\$&")}$`))),
    );
    expect(lines.join("\n")).not.toMatch(/s3cret|Basic|Bearer/);
  });

  it("names the failure of a request that got no answer", async () => {
    const lines: string[] = [];
    const origin = await unusedOrigin();
    const http = createHttpClient({ origin, debug: (line) => lines.push(line) });
    closers.push(() => http.close());
    await http.send({ method: "GET", url: origin, operation: "test" }).catch(() => undefined);
    expect(lines).toEqual([expect.stringMatching(/^GET http:\/\/127\.0\.0\.1:\d+\/ connection-refused \d+ ms 0 B$/)]);
  });
});

it("the version that we name is the package's", () => {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(manifest).toMatchObject({ version: coreVersion });
});
