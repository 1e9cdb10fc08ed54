import { afterEach, beforeEach, describe, expect, it } from "vitest";

import {
  errorCode,
  indexType,
  manifestType,
  pushManifest,
  sha256,
  startTestRegistry,
  type TestRegistry,
} from "./testing/registry-fixture.ts";

let registry: TestRegistry;
beforeEach(async () => {
  registry = await startTestRegistry();
});
afterEach(() => registry.remove());

async function putManifest(body: string, contentType = manifestType): Promise<Response> {
  return registry.request("PUT", "/v2/web/manifests/1.0.0", { body, headers: { "content-type": contentType } });
}

describe("manifests", () => {
  it("gives back the very bytes, by tag and digest, with type, digest and length", async () => {
    const { text, digest, response } = await pushManifest(registry, "a/manifests/web:1.0.0");
    expect([response.status, response.headers.get("docker-content-digest")]).toEqual([201, digest]);
    for (const reference of ["1.0.0", digest]) {
      const got = await registry.request("GET", `/v2/a/manifests/web/manifests/${reference}`);
      expect([got.headers.get("content-type"), got.headers.get("docker-content-digest"), await got.text()]).toEqual([
        manifestType,
        digest,
        text,
      ]);
      const head = await registry.request("HEAD", `/v2/a/manifests/web/manifests/${reference}`);
      expect([head.status, head.headers.get("content-length")]).toEqual([200, String(text.length)]);
    }
  });

  it("tells an unknown repository from an unknown manifest", async () => {
    expect(await errorCode(await registry.request("GET", "/v2/none/manifests/1"))).toBe("NAME_UNKNOWN");
    await pushManifest(registry, "web:1.0.0");
    expect(await errorCode(await registry.request("GET", "/v2/web/manifests/2"))).toBe("MANIFEST_UNKNOWN");
    expect(await errorCode(await registry.request("GET", "/v2/WEB/manifests/2"))).toBe("NAME_INVALID");
    expect(await errorCode(await registry.request("GET", "/v2/web%2fx/manifests/2"))).toBe("NAME_INVALID");
  });

  it.each([
    [
      "blobs that are missing",
      JSON.stringify({ schemaVersion: 2, config: { digest: sha256("no"), size: 2 }, layers: [] }),
      manifestType,
      "MANIFEST_BLOB_UNKNOWN",
    ],
    [
      "children that are missing",
      JSON.stringify({ schemaVersion: 2, manifests: [{ digest: sha256("no"), size: 2 }] }),
      indexType,
      "MANIFEST_BLOB_UNKNOWN",
    ],
    ["no JSON", "hello", manifestType, "MANIFEST_INVALID"],
    [
      "another mediaType than declared",
      JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [] }),
      manifestType,
      "MANIFEST_INVALID",
    ],
    ["layers and manifests at once", JSON.stringify({ schemaVersion: 2, manifests: [], layers: [] }), indexType, "MANIFEST_INVALID"],
    ["an unknown type", "{}", "text/html", "MANIFEST_INVALID"],
    [
      "a digest that is a path",
      JSON.stringify({ schemaVersion: 2, config: { digest: "sha256:../../x", size: 2 }, layers: [] }),
      manifestType,
      "MANIFEST_INVALID",
    ],
  ])("refuses a manifest with %s", async (_what, ...[body, type, code]) => {
    const response = await putManifest(body, type);
    expect([response.status, await errorCode(response)]).toEqual([400, code]);
  });

  it("answers 413 above 4 MiB, declared or not", async () => {
    expect((await putManifest(" ".repeat(4 * 1024 * 1024 + 1))).status).toBe(413);
    const streamed = new Blob([" ".repeat(4 * 1024 * 1024 + 1)]).stream();
    const url = new URL("/v2/web/manifests/1.0.0", registry.url);
    expect((await fetch(url, { method: "PUT", body: streamed, duplex: "half", headers: { "content-type": manifestType } })).status).toBe(
      413,
    );
  });

  it("deletes a tag alone, and a manifest with all its tags", async () => {
    const { digest } = await pushManifest(registry, "web:1.0.0");
    await pushManifest(registry, "web:latest");
    expect((await registry.request("DELETE", "/v2/web/manifests/latest")).status).toBe(202);
    expect((await registry.request("GET", "/v2/web/manifests/1.0.0")).status).toBe(200);
    expect((await registry.request("DELETE", `/v2/web/manifests/${digest}`)).status).toBe(202);
    expect((await registry.request("GET", "/v2/web/manifests/1.0.0")).status).toBe(404);
    expect((await registry.request("DELETE", `/v2/web/manifests/${digest}`)).status).toBe(404);
    await pushManifest(registry, "web:1.0.0");
    expect((await registry.request("GET", "/v2/web/manifests/1.0.0")).status).toBe(200);
  });

  it("pushes several tags with one digest", async () => {
    const { text, digest } = await pushManifest(registry, "web:1.0.0");
    const put = await registry.request("PUT", `/v2/web/manifests/${digest}?tag=1.0&tag=1`, {
      body: text,
      headers: { "content-type": manifestType },
    });
    expect([put.status, put.headers.get("oci-tag")]).toEqual([201, "1.0, 1"]);
    const { tags }: { tags: string[] } = JSON.parse(await (await registry.request("GET", "/v2/web/tags/list")).text());
    expect(tags).toEqual(["1", "1.0", "1.0.0"]);
  });
});

describe("lists", () => {
  it("pages tags in byte order, follows Link to the end, and answers n=0 with none", async () => {
    for (const tag of ["b", "1.10.0", "1.9.0", "B", "_", "a"]) await pushManifest(registry, `web:${tag}`);
    const seen: string[] = [];
    let next: string | undefined = "/v2/web/tags/list?n=4";
    while (next !== undefined) {
      const response = await registry.request("GET", next);
      const { tags }: { tags: string[] } = JSON.parse(await response.text());
      seen.push(...tags);
      next = /^<(.+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
    }
    expect(seen).toEqual(["1.10.0", "1.9.0", "B", "_", "a", "b"]);
    const none = await registry.request("GET", "/v2/web/tags/list?n=0");
    expect([none.headers.get("link"), await none.text()]).toEqual([null, '{"name":"web","tags":[]}']);
    expect((await registry.request("GET", "/v2/none/tags/list")).status).toBe(404);
  });

  it("lists repositories in pages", async () => {
    for (const name of ["b", "a/c", "a"]) await pushManifest(registry, `${name}:1`);
    const first = await registry.request("GET", "/v2/_catalog?n=2");
    expect([await first.text(), first.headers.get("link")]).toEqual([
      '{"repositories":["a","a/c"]}',
      '</v2/_catalog?n=2&last=a%2Fc>; rel="next"',
    ]);
    expect(await (await registry.request("GET", "/v2/_catalog?n=2&last=a%2Fc")).text()).toBe('{"repositories":["b"]}');
  });

  it("lists referrers, filtered when asked, and none rather than 404", async () => {
    const { digest, text } = await pushManifest(registry, "web:1.0.0");
    const subject = { mediaType: manifestType, digest, size: text.length };
    const signed = await pushManifest(registry, "web", { subject, artifactType: "application/x.sig" });
    expect(signed.response.headers.get("oci-subject")).toBe(digest);
    await pushManifest(registry, "web", { subject, artifactType: "application/x.sbom" });
    const types = async (query: string): Promise<string[]> => {
      const response = await registry.request("GET", `/v2/web/referrers/${digest}${query}`);
      const { manifests }: { manifests: { artifactType: string }[] } = JSON.parse(await response.text());
      return [response.headers.get("oci-filters-applied") ?? "unfiltered", ...manifests.map(({ artifactType }) => artifactType).toSorted()];
    };
    expect(await types("")).toEqual(["unfiltered", "application/x.sbom", "application/x.sig"]);
    expect(await types("?artifactType=application/x.sig")).toEqual(["artifactType", "application/x.sig"]);
    expect((await registry.request("GET", `/v2/none/referrers/${digest}`)).status).toBe(200);
    expect((await registry.request("GET", "/v2/web/referrers/sha256:short")).status).toBe(400);
  });
});
