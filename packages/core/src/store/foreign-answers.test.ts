import { describe, expect, it } from "vitest";

import { bytesContent } from "../content.ts";
import { digestOf } from "../digest.ts";
import { mediaTypes } from "../media-types.ts";
import { createHttpStore } from "./http-store.ts";
import { type ScriptedAnswer, scriptedEnd } from "./testing/scripted-end.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const bytes = text('{"schemaVersion":2}');
const manifest = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), bytes };
const other = digestOf(text("other"));
const page: ScriptedAnswer = { status: 200, headers: { "content-type": "text/html; charset=utf-8" }, body: "<html>Sign in</html>" };

/** Answers by method. */
function store(answers: Partial<Record<string, ScriptedAnswer>>) {
  const end = scriptedEnd((line) => answers[line.split(" ")[0] ?? ""] ?? { status: 404 });
  return { store: createHttpStore(end), requests: end.requests };
}

async function first(tags: AsyncIterable<string>): Promise<string | undefined> {
  for await (const tag of tags) return tag;
  return undefined;
}

describe("a page of a proxy's own in the registry's place", () => {
  it("is not taken for a manifest that was stored", async () => {
    const { store: target, requests } = store({ PUT: page, HEAD: { status: 404 } });
    await expect(target.putManifest("1.0.0", manifest)).rejects.toMatchObject({ code: "protocol-violation", version: "1.0.0" });
    expect(requests.map((line) => line.split(" ")[0])).toEqual(["PUT", "HEAD"]);
  });

  it("is not taken for a manifest that stands there", async () => {
    await expect(store({ GET: page }).store.fetchManifest("1.0.0")).rejects.toMatchObject({ code: "protocol-violation" });
  });

  it("is not taken for a blob that is there already", async () => {
    expect(await store({ HEAD: page }).store.findBlob(other)).toBe(undefined);
  });
});

describe("a registry of its own ways", () => {
  it("may answer 200 to a manifest, if it names the digest or has the manifest afterwards", async () => {
    const named = store({ PUT: { status: 200, headers: { "docker-content-digest": manifest.digest } } });
    await named.store.putManifest("1.0.0", manifest);
    expect(named.requests).toHaveLength(1);
    const silent = store({ PUT: { status: 202 }, HEAD: { status: 200 }, GET: { status: 200, body: bytes } });
    await silent.store.putManifest("1.0.0", manifest);
    const keepsOther = store({ PUT: { status: 202 }, HEAD: { status: 200 }, GET: { status: 200, body: text("{}") } });
    await expect(keepsOther.store.putManifest("1.0.0", manifest)).rejects.toMatchObject({ code: "digest-mismatch" });
  });

  it("may answer 201 and nothing else", async () => {
    const { store: target, requests } = store({ PUT: { status: 201 } });
    await target.putManifest("1.0.0", manifest);
    expect(requests).toHaveLength(1);
  });
});

describe("a blob that the registry names by another digest", () => {
  it.each([
    ["is sent again", other, false],
    ["is there where the names agree", manifest.digest, true],
    ["is there where they are of two algorithms", `sha512:${"0".repeat(128)}`, true],
  ])("%s", async (_title, named, isThere) => {
    const { store: target } = store({ HEAD: { status: 200, headers: { "docker-content-digest": named } } });
    expect((await target.findBlob(manifest.digest)) !== undefined).toBe(isThere);
  });
});

describe("the length of a blob", () => {
  it.each<[string, Readonly<Record<string, string>>, number | undefined]>([
    ["is what HEAD says", { "content-length": "7" }, 7],
    ["may be none", { "content-length": "0" }, 0],
    ["need not be said", {}, undefined],
    ["is not what a proxy says that compresses", { "content-length": "7", "content-encoding": "gzip" }, undefined],
    ["is not two lengths", { "content-length": "7, 8" }, undefined],
  ])("%s", async (_title, headers, size) => {
    const { store: target } = store({ HEAD: { status: 200, headers } });
    expect(await target.findBlob(other)).toEqual({ size });
  });
});

describe("another host that asks for a sign-in", () => {
  it.each(["tags", "blob"] as const)("is named, with the reason why it gets no password (%s)", async (what) => {
    const elsewhere: ScriptedAnswer = { status: 401, url: "https://mirror.example/v2/", body: "sign in" };
    const { store: target } = store({ GET: elsewhere, POST: elsewhere });
    const asked = what === "tags" ? first(target.tags()) : target.putBlob(bytesContent(bytes));
    await expect(asked).rejects.toMatchObject({
      code: "redirect-refused",
      registry: "registry.example",
      message: expect.stringContaining("sends us to mirror.example"),
      hint: expect.stringContaining("mirror.example"),
    });
  });
});
