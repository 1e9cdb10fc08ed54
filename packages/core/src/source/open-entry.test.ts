import { gzipSync } from "node:zlib";

import { describe, expect, it, onTestFinished } from "vitest";

import { buildSmallChart } from "../chart/testing/build-archive.ts";
import { digestOf } from "../digest.ts";
import { createHttpClient } from "../http/create-http-client.ts";
import { startStubServer, type StubServer } from "../http/testing/start-stub-server.ts";
import type { CreatedPolicy } from "./assemble-package.ts";
import { createClassicSource } from "./classic-source.ts";
import { entryOf, failureOf, indexOf, served, signature, sourceAt, web, webDigest } from "./testing/classic-repository.ts";

const secret = { kind: "basic", username: "me", password: "secret", source: "test" } as const;

function urlsSeen({ requests }: StubServer): string[] {
  return requests.map(({ url }) => url);
}

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
    onTestFinished(() => server.close());
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
