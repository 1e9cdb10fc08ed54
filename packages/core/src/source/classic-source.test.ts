import { describe, expect, it } from "vitest";

import { createHttpClient } from "../http/create-http-client.ts";
import { type StubServer } from "../http/testing/start-stub-server.ts";
import { createClassicSource } from "./classic-source.ts";
import { entryOf, failureOf, indexOf, itemsOf, serve, served, sourceAt } from "./testing/classic-repository.ts";

function urlsSeen({ requests }: StubServer): string[] {
  return requests.map(({ url }) => url);
}

describe("the index of a repository on the web", () => {
  it.each([
    ["charts", "/charts/index.yaml", "charts/web-1.0.0.tgz"],
    ["charts/", "/charts/index.yaml", "charts/web-1.0.0.tgz"],
    ["charts/index.yaml", "/charts/index.yaml", "charts/web-1.0.0.tgz"],
    ["charts?token=x", "/charts/index.yaml?token=x", "charts/web-1.0.0.tgz?token=x"],
    ["", "/index.yaml", "web-1.0.0.tgz"],
  ])("is found from %j, and its relative urls below it", async (path, index, chart) => {
    const server = await served({ [index]: indexOf(["web-1.0.0.tgz"]) });
    const source = sourceAt(server.origin, {}, path);
    expect((await entryOf(source)).urls).toEqual([new URL(chart, server.origin).href]);
    expect(source.id).not.toContain("token");
    expect(urlsSeen(server)).toEqual([index]);
  });

  it.each([
    [401, "unauthenticated"],
    [403, "denied"],
    [404, "index-missing"],
    [410, "index-missing"],
    [500, "unavailable"],
    [418, "protocol-violation"],
  ])("answered with %i fails as %s, with the status and what to try", async (status, code) => {
    const { origin } = await served({ "/index.yaml": status });
    const error = await failureOf(itemsOf(sourceAt(origin)));
    expect(error).toMatchObject({ code, status, operation: "read index", registry: origin.host });
    expect(error.message).toContain("/index.yaml");
  });

  it("asks for a credential where none was sent, and says which one was refused where one was", async () => {
    const { origin } = await served({ "/index.yaml": 401 });
    expect(await failureOf(itemsOf(sourceAt(origin)))).toMatchObject({ hint: expect.stringContaining("--source-username") });
    const credential = { kind: "basic", username: "me", password: "wrong-one", source: "--source-password-file" } as const;
    const http = createHttpClient({ origin, basic: "first", credentials: async () => credential });
    expect(await failureOf(itemsOf(createClassicSource({ location: origin.href, http })))).toMatchObject({
      code: "unauthenticated",
      message: expect.stringContaining("is refused with the credential from --source-password-file"),
      hint: "check the user and the password that --source-password-file gives",
    });
  });

  it("that is an HTML page is refused, saying so", async () => {
    const { origin } = await served({ "/index.yaml": "<!doctype html><html><title>Log in</title></html>" });
    const error = await failureOf(itemsOf(sourceAt(origin)));
    expect(error).toMatchObject({ code: "index-invalid", registry: origin.host });
    expect(error.message).toContain('an HTML page titled "Log in"');
  });

  it("at a closed port fails as connection-refused", async () => {
    const server = await serve({});
    await server.close();
    expect(await failureOf(itemsOf(sourceAt(server.origin)))).toMatchObject({ code: "connection-refused" });
  });

  it("reports its remarks apart from the entries", async () => {
    const { origin } = await served({ "/index.yaml": indexOf(["a.tgz"]).replace("apiVersion: v1\n", "") });
    const source = sourceAt(origin);
    await entryOf(source);
    expect(source.notes().map(({ code }) => code)).toEqual(["index-without-api-version"]);
  });

  it("may not carry a user name or password in its address, and the message does not repeat them", async () => {
    const http = createHttpClient({ origin: new URL("http://127.0.0.1:1") });
    const error = await failureOf(Promise.resolve().then(() => createClassicSource({ location: "http://me:secret@127.0.0.1:1/x", http })));
    expect(error).toMatchObject({ code: "usage", hint: "Use --source-username and --source-password-file" });
    expect(error.message).not.toMatch(/secret|me:/);
  });
});
