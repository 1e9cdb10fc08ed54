import { describe, expect, it } from "vitest";

import type { AdapterContext } from "../adapter/registry-adapter.ts";
import { systemClock } from "../clock.ts";
import { digestOf } from "../digest.ts";
import { mediaTypes } from "../media-types.ts";
import { listCatalog } from "./catalog-listing.ts";
import { createHttpStore } from "./http-store.ts";
import { scriptedEnd, type ScriptedAnswer } from "./testing/scripted-end.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const list = async (tags: AsyncIterable<string>): Promise<string[]> => {
  const all: string[] = [];
  for await (const tag of tags) all.push(tag);
  return all;
};

const page = (tags: unknown, next?: string): { status: number; body: string; headers: Record<string, string> } => ({
  status: 200,
  body: JSON.stringify({ name: "charts/web", tags }),
  headers: next === undefined ? {} : { link: next },
});

/** A next page as it is called behind a proxy, or in a virtual repository of Artifactory. */
const other = (last: string): string => `<https://elsewhere.example/v2/web/tags/list?n=2&${last}>; rel="next"`;
const asking = (link: string): ReturnType<typeof scriptedEnd> => ({
  ...scriptedEnd((line) => (line.includes("last=b") ? page(["c"]) : page(["a", "b"], link))),
  tagPages: "last",
});

describe("listing tags", () => {
  it("follows pages and leaves out what is no tag", async () => {
    const end = scriptedEnd((line) =>
      line.includes("last=b") ? page(["c", null, "", "sha256:00"]) : page(["a", "b"], '</v2/charts/web/tags/list?last=b&n=2>; rel="next"'),
    );
    expect(await list(createHttpStore(end).tags())).toEqual(["a", "b", "c"]);
  });

  it("takes an unknown repository, a null list and an empty one for no tags", async () => {
    for (const answer of [{ status: 404 }, page(null), page([])])
      expect(await list(createHttpStore(scriptedEnd(() => answer)).tags())).toEqual([]);
  });

  it("ends where pages repeat", async () => {
    const end = scriptedEnd(() => page(["a"], "</v2/charts/web/tags/list?n=1000>; rel=next"));
    await expect(list(createHttpStore(end).tags())).rejects.toMatchObject({ code: "protocol-violation" });
  });

  it("takes nothing of a Link but where it goes on, where the registry names another path in it", async () => {
    expect(await list(createHttpStore(asking(other("last=b"))).tags())).toEqual(["a", "b", "c"]);
    for (const useless of [other("x=1"), "<https://:0/>; rel=next"])
      await expect(list(createHttpStore(asking(useless)).tags())).rejects.toMatchObject({ code: "protocol-violation" });
    await expect(list(createHttpStore({ ...asking(other("last=b")), tagPages: "link" }).tags())).rejects.toMatchObject({
      message: expect.stringContaining("another origin"),
    });
  });

  it("begins again when its place was deleted, and names each tag once", async () => {
    let firstPages = 0;
    const end = scriptedEnd((line) => {
      if (line.includes("last=b")) return firstPages === 1 ? { status: 404 } : page(["c"]);
      firstPages++;
      return page(["a", "b"], "</v2/charts/web/tags/list?last=b>; rel=next");
    });
    expect(await list(createHttpStore(end).tags())).toEqual(["a", "b", "c"]);
  });
});

describe("listing referrers", () => {
  const subject = digestOf(text("manifest"));
  const descriptor = { mediaType: mediaTypes.ociManifest, digest: digestOf(text("signature")), size: 9 };
  const index = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [descriptor] });
  const digests = async (answer: Parameters<typeof scriptedEnd>[0]): Promise<string[]> => {
    const all: string[] = [];
    for await (const found of createHttpStore(scriptedEnd(answer)).referrers(subject)) all.push(found.digest);
    return all;
  };

  it("reads the referrers API, and the fallback tag where there is none", async () => {
    const typed = { "content-type": mediaTypes.ociIndex };
    expect(await digests(() => ({ status: 200, headers: typed, body: index }))).toEqual([descriptor.digest]);
    for (const status of [404, 400, 405, 303]) {
      const answer = (line: string): { status: number; headers: Record<string, string>; body: string } =>
        line.includes("/manifests/sha256-") ? { status: 200, headers: typed, body: index } : { status, headers: {}, body: "" };
      expect(await digests(answer)).toEqual([descriptor.digest]);
    }
  });

  it("follows the API's pages, and takes an API that fails after the first one for no missing API", async () => {
    const second = { ...descriptor, digest: digestOf(text("bill of materials")) };
    const typed = { "content-type": mediaTypes.ociIndex };
    const first = { status: 200, headers: { ...typed, link: "<?last=1>; rel=next" }, body: index };
    const more = { status: 200, headers: typed, body: index.replace(descriptor.digest, second.digest) };
    expect(await digests((line) => (line.includes("last=1") ? more : first))).toEqual([descriptor.digest, second.digest]);
    const failing = digests((line) => (line.includes("last=1") ? { status: 404 } : first));
    await expect(failing).rejects.toMatchObject({ operation: "list referrers", registry: "registry.example", version: subject });
    await expect(digests(() => first)).rejects.toMatchObject({ code: "protocol-violation", repository: "charts/web" });
  });
});

const catalog = (names: unknown, next?: string): ScriptedAnswer => ({
  status: 200,
  body: JSON.stringify({ repositories: names }),
  headers: next === undefined ? {} : { link: next },
});
const found = (prefix: string, answer: Parameters<typeof scriptedEnd>[0]): Promise<string[]> => {
  const end = scriptedEnd(answer);
  const http: AdapterContext["http"] = {
    send: (request) => end.send({ ...request, access: "pull" }),
    call: (request) => end.send({ ...request, access: "pull" }),
    trust: () => {},
    hide: () => {},
    credential: () => Promise.reject(new Error("nobody signs in here")),
    pause: () => Promise.resolve(),
    traffic: () => ({}),
    close: () => Promise.resolve(),
  };
  const origin = new URL("https://registry.example");
  const context = {
    http,
    origin,
    registry: origin.host,
    match: {},
    environment: {},
    clock: systemClock,
    options: {},
    credential: () => Promise.reject(new Error("nobody signs in here")),
  };
  return list(listCatalog(prefix, context));
};

const twoPages = (line: string): ScriptedAnswer =>
  line.includes("last=b") ? catalog(["charts/web", 7, "other"]) : catalog(["charts", "charts-old/web"], "</v2/_catalog?last=b>; rel=next");

describe("listing repositories", () => {
  it("follows pages and gives what lies below the path", async () => {
    expect(await found("charts", twoPages)).toEqual(["charts", "charts/web"]);
    expect(await found("", twoPages)).toEqual(["charts", "charts-old/web", "charts/web", "other"]);
  });

  it("ends where pages repeat, and where the catalog is none", async () => {
    const place = { operation: "list repositories", registry: "registry.example" };
    const again = found("", () => catalog(["a"], "</v2/_catalog?n=1000>; rel=next"));
    await expect(again).rejects.toMatchObject({ code: "protocol-violation", ...place });
    await expect(found("", () => ({ status: 200, body: "<html>" }))).rejects.toMatchObject({ code: "protocol-violation", ...place });
  });
});
