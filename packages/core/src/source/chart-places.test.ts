import { describe, expect, it } from "vitest";

import { bytesContent } from "../content.ts";
import { buildChartManifest } from "../manifest/build-manifest.ts";
import { digestOf } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import { readChart } from "../chart/read-chart.ts";
import { createHttpClient } from "../http/create-http-client.ts";
import type { HttpClient } from "../http/http-client.ts";
import { unusedOrigin } from "../http/testing/start-stub-server.ts";
import type { StubServer } from "../http/testing/start-stub-server.ts";
import { createMemoryStore } from "../store/testing/memory-store.ts";
import type { MemoryStore } from "../store/testing/memory-store.ts";
import { entryOf, failureOf, indexOf, itemsOf, served, signature, sourceAt, web, webDigest } from "./testing/classic-repository.ts";

function chartRequests(server: StubServer): string[] {
  return server.requests.map(({ url }) => url).filter((url) => !url.includes("index.yaml"));
}

describe("the places of a chart", () => {
  it("are rewritten by the longest prefix that fits, relative urls too", async () => {
    const { origin } = await served({ "/index.yaml": indexOf(["https://old.example/charts/a.tgz", "https://old.example/b.tgz", "c.tgz"]) });
    const urlRewrites = [
      { from: "https://old.example/", to: "https://new.example/" },
      { from: "https://old.example/charts/", to: "https://cdn.example/x/" },
      { from: `${origin.href}c`, to: "https://c.example/c" },
    ];
    expect((await entryOf(sourceAt(origin, { urlRewrites }))).urls).toEqual([
      "https://cdn.example/x/a.tgz",
      "https://new.example/b.tgz",
      "https://c.example/c.tgz",
    ]);
  });

  it("may not be files of this machine when the index came from the web", async () => {
    const { origin } = await served({ "/index.yaml": indexOf(["file:///etc/passwd"]) });
    const [item] = await itemsOf(sourceAt(origin));
    expect(item).toMatchObject({ kind: "problem", problem: { error: { code: "entry-invalid" } } });
    const planted = { chart: "web", version: "1.0.0", urls: ["file:///etc/passwd"], digest: webDigest, notes: [] };
    expect(await failureOf(sourceAt(origin).open(planted))).toMatchObject({ code: "unsupported" });
  });

  it("lose a user name and password that the index gives them, with a note", async () => {
    const { origin } = await served({ "/index.yaml": indexOf(["https://me:secret@old.example/a.tgz"]) });
    const entry = await entryOf(sourceAt(origin));
    expect(entry.urls).toEqual(["https://old.example/a.tgz"]);
    expect(entry.notes.map(({ code }) => code)).toEqual(["url-userinfo-removed"]);
    expect(JSON.stringify(entry)).not.toContain("secret");
  });

  it("are tried in the index's order until one has the right bytes", async () => {
    const server = await served({ "/index.yaml": indexOf(["a.tgz", "b.tgz", "c.tgz"]), "/a.tgz": 403, "/b.tgz": "wrong", "/c.tgz": web });
    const source = sourceAt(server.origin, { provenance: "skip" });
    await source.open(await entryOf(source));
    expect(chartRequests(server)).toEqual(["/a.tgz", "/b.tgz", "/c.tgz"]);
  });

  it("all failing are reported by the wrong bytes, which tell most", async () => {
    const { origin } = await served({ "/index.yaml": indexOf(["a.tgz", "b.tgz"]), "/b.tgz": "wrong" });
    const source = sourceAt(origin);
    expect(await failureOf(source.open(await entryOf(source)))).toMatchObject({ code: "digest-mismatch" });
  });
});

describe("the file beside the index", () => {
  it.each([404, 410])("is taken where the listed url answers %i", async (status) => {
    const old = await served({ "/former/web-1.0.0.tgz": status });
    const server = await served({
      "/r/index.yaml": indexOf([`${old.origin.href}former/web-1.0.0.tgz`]),
      "/r/web-1.0.0.tgz": web,
      "/r/web-1.0.0.tgz.prov": signature,
    });
    const source = sourceAt(server.origin, {}, "r");
    const chart = await source.open(await entryOf(source));
    expect(chart.notes.map(({ code }) => code)).toEqual(["found-beside-index"]);
    expect(chart).toMatchObject({ provenance: { digest: digestOf(signature) } });
    expect(chartRequests(server)).toEqual(["/r/web-1.0.0.tgz", "/r/web-1.0.0.tgz.prov"]);
  });

  it.each([401, 403, 500])("is not taken where the listed url answers %i: that is another matter", async (status) => {
    const old = await served({ "/web-1.0.0.tgz": status });
    const server = await served({ "/index.yaml": indexOf([`${old.origin.href}web-1.0.0.tgz`]), "/web-1.0.0.tgz": web });
    const source = sourceAt(server.origin);
    expect(await failureOf(source.open(await entryOf(source)))).toMatchObject({ status });
    expect(chartRequests(server)).toEqual([]);
  });

  it("is checked against the digest, and not taken when there is none", async () => {
    const old = await unusedOrigin();
    const wrong = await served({ "/index.yaml": indexOf([`${old.href}web-1.0.0.tgz`]), "/web-1.0.0.tgz": "wrong" });
    const source = sourceAt(wrong.origin);
    expect(await failureOf(source.open(await entryOf(source)))).toMatchObject({ code: "digest-mismatch" });
  });

  it("missing too, the first failure is reported and says that both were tried", async () => {
    const old = await unusedOrigin();
    const { origin } = await served({ "/index.yaml": indexOf([`${old.href}web-1.0.0.tgz`]) });
    const source = sourceAt(origin);
    const error = await failureOf(source.open(await entryOf(source)));
    expect(error.code).toBe("connection-refused");
    expect(error.registry).toBe(old.host);
  });

  it("is asked for at once after one chart has found the host dead, however many come together", async () => {
    const server = await served({ "/index.yaml": indexOf(["http://gone.invalid/web-1.0.0.tgz"]), "/web-1.0.0.tgz": web });
    const entry = await entryOf(sourceAt(server.origin));
    const { http, asked } = withDeadHost(server.origin, "gone.invalid");
    const source = sourceAt(server.origin, { provenance: "skip", http });
    await Promise.all(Array.from({ length: 20 }, async () => source.open(entry)));
    await source.open(entry);
    expect(asked()).toBe(1);
    expect(chartRequests(server)).toHaveLength(21);
  });

  it("is not looked for once the host has answered", async () => {
    const old = await served({ "/web-1.0.0.tgz": web });
    const server = await served({ "/index.yaml": indexOf([`${old.origin.href}web-1.0.0.tgz`]) });
    const source = sourceAt(server.origin, { provenance: "skip" });
    const entry = await entryOf(source);
    const packages = await Promise.all(Array.from({ length: 5 }, async () => source.open(entry)));
    expect(packages.map(({ notes }) => notes)).toEqual([[], [], [], [], []]);
    expect(chartRequests(old)).toHaveLength(5);
  });
});

/** A client for which one host has no address; counts the requests to it. */
function withDeadHost(origin: URL, host: string): { http: HttpClient; asked: () => number } {
  const real = createHttpClient({ origin });
  let asked = 0;
  const send: HttpClient["send"] = async (request) => {
    if (request.url.host !== host) return real.send(request);
    asked += 1;
    throw new ChartferryError("no such host", { code: "host-not-found", operation: request.operation, registry: host });
  };
  return { http: { ...real, send }, asked: () => asked };
}

async function registryWith(tag: string): Promise<MemoryStore> {
  const { metadata } = await readChart(web);
  const store = createMemoryStore("team/web");
  const built = buildChartManifest({
    metadata,
    layer: bytesContent(web),
    provenance: bytesContent(signature),
    created: "2001-01-01T00:00:00Z",
  });
  for (const content of [built.config, bytesContent(web), bytesContent(signature)]) await store.putBlob(content);
  await store.putManifest(tag, built.manifest);
  return store;
}

describe("an oci:// url in the index", () => {
  it.each(["oci://registry.example/team/web:1.0.0", "oci://registry.example/team/web"])(
    "%s brings layer and provenance; the manifest is assembled from the index",
    async (url) => {
      const { origin } = await served({ "/index.yaml": indexOf([url]) });
      const store = await registryWith("1.0.0");
      const source = sourceAt(origin, { openRegistry: async () => store });
      const chart = await source.open(await entryOf(source));
      expect(chart).toMatchObject({
        kind: "assemble",
        created: "2024-05-06T07:08:09Z",
        layer: { digest: webDigest },
        provenance: { digest: digestOf(signature) },
      });
    },
  );

  it("needs no digest in the index: the registry's manifest has it", async () => {
    const { origin } = await served({ "/index.yaml": indexOf(["oci://registry.example/team/web:1.0.0"], { digest: "" }) });
    const store = await registryWith("1.0.0");
    const source = sourceAt(origin, { openRegistry: async () => store });
    expect(await source.open(await entryOf(source))).toMatchObject({ layer: { digest: webDigest } });
  });

  it.each([
    ["cannot be reached", async () => Promise.reject(new ChartferryError("no", { code: "host-not-found", operation: "open" }))],
    ["does not have it", async () => createMemoryStore("team/web")],
    ["cannot be opened at all", undefined],
  ])("whose registry %s falls back to the file beside the index", async (_what, openRegistry) => {
    const server = await served({ "/index.yaml": indexOf(["oci://registry.example/team/web-1.0.0.tgz"]), "/web-1.0.0.tgz": web });
    const source = sourceAt(server.origin, { openRegistry, provenance: "skip" });
    const chart = await source.open(await entryOf(source));
    expect(chart.notes.map(({ code }) => code)).toEqual(["found-beside-index"]);
    expect(chartRequests(server)).toEqual(["/web-1.0.0.tgz"]);
  });
});
