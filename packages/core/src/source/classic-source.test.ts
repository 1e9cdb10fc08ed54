import { gzipSync } from "node:zlib";

import { afterEach, describe, expect, it } from "vitest";

import { buildSmallChart } from "../chart/testing/build-archive.ts";
import { digestOf } from "../digest.ts";
import { createHttpClient } from "../http/create-http-client.ts";
import { startStubServer, type StubServer } from "../http/testing/start-stub-server.ts";
import type { CreatedPolicy } from "./assemble-package.ts";
import { createClassicSource } from "./classic-source.ts";
import { entryOf, failureOf, indexOf, itemsOf, serve, signature, sourceAt, web, webDigest } from "./testing/classic-repository.ts";
import type { Answers } from "./testing/classic-repository.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((end) => end.close()));
});

async function served(answers: Answers): Promise<StubServer> {
  const server = await serve(answers);
  open.push(server);
  return server;
}

const secret = { kind: "basic", username: "me", password: "secret", source: "test" } as const;

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

describe("opening a version", () => {
  it("costs one request for the chart and one for its provenance, and needs no listing before", async () => {
    const server = await served({ "/index.yaml": indexOf(["web-1.0.0.tgz"]), "/web-1.0.0.tgz": web, "/web-1.0.0.tgz.prov": signature });
    const entry = await entryOf(sourceAt(server.origin));
    const chart = await sourceAt(server.origin).open(entry);
    if (chart.kind !== "assemble") throw new Error("not assembled");
    expect(chart).toMatchObject({ created: "2024-05-06T07:08:09Z", metadata: { name: "web", version: "1.0.0" }, notes: [] });
    expect(chart.layer).toMatchObject({ digest: webDigest, size: web.byteLength });
    expect(chart.provenance?.digest).toBe(digestOf(signature));
    expect(urlsSeen(server)).toEqual(["/index.yaml", "/web-1.0.0.tgz", "/web-1.0.0.tgz.prov"]);
    await chart.release();
    expect(() => chart.layer.bytes).toThrow("released");
  });

  it("fails with both digests when the bytes are others, and says what they are", async () => {
    const { origin } = await served({ "/index.yaml": indexOf(["web-1.0.0.tgz"]), "/web-1.0.0.tgz": "<html><title>Gone</title></html>" });
    const source = sourceAt(origin);
    const error = await failureOf(source.open(await entryOf(source)));
    expect(error).toMatchObject({ code: "digest-mismatch", repository: "web", version: "1.0.0" });
    expect(error.message).toContain(webDigest);
    expect(error.message).toContain(digestOf(Buffer.from("<html><title>Gone</title></html>")));
    expect(error.message).toContain('an HTML page titled "Gone"');
  });

  it("names the encoding that its server has put around it unasked", async () => {
    const { origin } = await served({
      "/index.yaml": indexOf(["web-1.0.0.tgz"]),
      "/web-1.0.0.tgz": (_request, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(web)),
    });
    const source = sourceAt(origin);
    expect(await failureOf(source.open(await entryOf(source)))).toMatchObject({
      code: "digest-mismatch",
      message: expect.stringContaining("they came with Content-Encoding: gzip, which was not asked for"),
      hint: expect.stringContaining("send archives as they are"),
    });
  });

  it("fails without a digest in the index, unless that is allowed", async () => {
    const server = await served({ "/index.yaml": indexOf(["web-1.0.0.tgz"], { digest: "" }), "/web-1.0.0.tgz": web });
    const entry = await entryOf(sourceAt(server.origin));
    expect(await failureOf(sourceAt(server.origin).open(entry))).toMatchObject({ code: "digest-missing" });
    expect(urlsSeen(server)).toEqual(["/index.yaml"]);
    const chart = await sourceAt(server.origin, { allowMissingDigest: true }).open(entry);
    expect(chart.notes.map(({ code }) => code)).toEqual(["digest-missing"]);
  });

  it("fails when the archive is another chart or version than its entry", async () => {
    const others = { name: buildSmallChart({ name: "other" }), version: buildSmallChart({ name: "web", version: "1.0.1" }) };
    for (const [what, bytes] of Object.entries(others)) {
      const { origin } = await served({ "/index.yaml": indexOf(["a.tgz"], { digest: digestOf(bytes).slice(7) }), "/a.tgz": bytes });
      const source = sourceAt(origin);
      const error = await failureOf(source.open(await entryOf(source)));
      expect([error.code, error.message]).toEqual(["chart-invalid", expect.stringContaining(`has the ${what}`)]);
    }
  });

  it("accepts a leading v and another case with a note each", async () => {
    const bytes = buildSmallChart({ name: "Web", version: "v1.0.0" });
    const { origin } = await served({ "/index.yaml": indexOf(["a.tgz"], { digest: digestOf(bytes).slice(7) }), "/a.tgz": bytes });
    const source = sourceAt(origin);
    const chart = await source.open(await entryOf(source));
    expect(chart.notes.map(({ code }) => code)).toEqual(expect.arrayContaining(["name-case-differs", "version-spelling-differs"]));
  });

  it("stops at the size limit and keeps large charts out of memory", async () => {
    const { origin } = await served({ "/index.yaml": indexOf(["a.tgz"]), "/a.tgz": web });
    const entry = await entryOf(sourceAt(origin));
    expect(await failureOf(sourceAt(origin, { limits: { chartBytes: 10 } }).open(entry))).toMatchObject({ code: "too-large" });
    const chart = await sourceAt(origin, { limits: { memoryBytes: 10 } }).open(entry);
    if (chart.kind !== "assemble") throw new Error("not assembled");
    expect(chart.layer.bytes).toBeUndefined();
    for (let reading = 0; reading < 2; reading += 1) {
      const parts: Uint8Array[] = [];
      for await (const part of chart.layer.open()) parts.push(part);
      expect(digestOf(Buffer.concat(parts))).toBe(webDigest);
    }
    await chart.release();
    await expect(async () => {
      for await (const part of chart.layer.open()) void part;
    }).rejects.toMatchObject({ code: "file-missing" });
  });

  it("begins a download again that broke off in the middle", async () => {
    let times = 0;
    const { origin } = await served({
      "/index.yaml": indexOf(["a.tgz"]),
      "/a.tgz": (_request, response) => {
        times += 1;
        response.writeHead(200, { "content-length": web.byteLength });
        if (times > 1) response.end(web);
        else response.write(web.subarray(0, 20), () => response.destroy());
      },
    });
    const source = sourceAt(origin);
    await source.open(await entryOf(source));
    expect(times).toBe(2);
  });

  it("sends the source's credential to the index's origin only", async () => {
    const elsewhere = await served({ "/web-1.0.0.tgz": web });
    const server = await served({ "/index.yaml": indexOf([`${elsewhere.origin.href}web-1.0.0.tgz`]) });
    const http = createHttpClient({ origin: server.origin, basic: "first", credentials: async () => secret });
    const source = createClassicSource({ location: server.origin.href, http });
    await source.open(await entryOf(source));
    expect(server.requests.map(({ headers }) => headers["authorization"])).toEqual(["Basic bWU6c2VjcmV0"]);
    expect(elsewhere.requests.map(({ headers }) => headers["authorization"])).toEqual([undefined, undefined]);
  });

  it("shows the source's credential to no token service that the source names", async () => {
    const tokens = await served({ "/token": Buffer.from('{"token":"t"}') });
    const server = await startStubServer((_request, response) => {
      response.writeHead(401, { "www-authenticate": `Bearer realm="${tokens.origin.href}token"` }).end();
    });
    open.push(server);
    const http = createHttpClient({ origin: server.origin, basic: "first", credentials: async () => secret });
    await expect(entryOf(createClassicSource({ location: server.origin.href, http }))).rejects.toMatchObject({ code: "unauthenticated" });
    expect(tokens.requests).toEqual([]);
  });

  it("takes `created` from the caller's policy before the index", async () => {
    const { origin } = await served({ "/index.yaml": indexOf(["a.tgz"]), "/a.tgz": web });
    const entry = await entryOf(sourceAt(origin));
    const created = async (policy: CreatedPolicy): Promise<string | undefined> => {
      const chart = await sourceAt(origin, { created: policy }).open(entry);
      return chart.kind === "assemble" ? chart.created : undefined;
    };
    expect(await created({ explicit: "2020-01-01T00:00:00Z" })).toBe("2020-01-01T00:00:00Z");
    expect(await created({ sourceDateEpoch: "0" })).toBe("1970-01-01T00:00:00Z");
    expect(await created({ keptFor: async ({ layerDigest }) => (layerDigest === webDigest ? "kept" : undefined) })).toBe("kept");
  });
});

describe("provenance", () => {
  const page = "<html><body>not found</body></html>";
  it.each([
    ["auto", 404, "absent", []],
    ["auto", 410, "absent", []],
    ["auto", 403, "absent", ["provenance-doubtful"]],
    ["auto", page, "absent", ["provenance-doubtful"]],
    ["auto", signature, "taken", []],
    ["auto", 503, "provenance-unavailable", []],
    ["auto", 401, "provenance-unavailable", []],
    ["auto", "no signature", "provenance-unavailable", []],
    ["auto", "x".repeat(1024 * 1024 + 1), "provenance-unavailable", []],
    ["require", signature, "taken", []],
    ["require", 404, "provenance-missing", []],
    ["require", 403, "provenance-missing", []],
    ["require", page, "provenance-missing", []],
    ["skip", signature, "absent", []],
    ["skip", 503, "absent", []],
  ] as const)("%s: an answer %s means %s", async (...[policy, answer, outcome, notes]) => {
    const server = await served({ "/index.yaml": indexOf(["a.tgz"]), "/a.tgz": web, "/a.tgz.prov": answer });
    const source = sourceAt(server.origin, { provenance: policy });
    const entry = await entryOf(source);
    const result = await source.open(entry).catch((error: unknown) => error);
    if (result instanceof Error) expect(result).toMatchObject({ code: outcome });
    else
      expect(result).toMatchObject({
        notes: notes.map((code) => ({ code })),
        ...(outcome === "taken" ? { provenance: { digest: digestOf(signature) } } : {}),
      });
    expect(result instanceof Error).toBe(outcome.startsWith("provenance-"));
    if (policy === "skip") expect(urlsSeen(server)).not.toContain("/a.tgz.prov");
  });
});
