import { describe, expect, it } from "vitest";

import { bytesContent } from "../content.ts";
import { digestOf } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import { mediaTypes } from "../media-types.ts";
import { uploadBlob } from "./blob-upload.ts";
import { createHttpStore } from "./http-store.ts";
import { scriptedEnd } from "./testing/scripted-end.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const blob = bytesContent(text("chart archive"));
const uploads = "/v2/charts/web/blobs/uploads/";

const collect = async (chunks: AsyncIterable<Uint8Array>): Promise<string> => {
  let all = "";
  for await (const chunk of chunks) all += new TextDecoder().decode(chunk);
  return all;
};

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

describe("uploading a blob", () => {
  it("takes one POST and one PUT, with the session's own query kept as it was written", async () => {
    const end = scriptedEnd((line) =>
      line.startsWith("POST") ? { status: 202, headers: { location: "/up/7?_state=a%2Fb==&x" } } : { status: 201 },
    );
    await uploadBlob(end, blob);
    expect(end.requests).toEqual([`POST ${uploads}`, `PUT /up/7?_state=a%2Fb==&x&digest=${encodeURIComponent(blob.digest)}`]);
  });

  it("takes a single POST where the registry does, and learns so once", async () => {
    const end = scriptedEnd(() => ({ status: 201 }));
    end.uploads.singlePost = "unknown";
    await uploadBlob(end, blob);
    await uploadBlob(end, bytesContent(text("other")));
    expect(end.requests.map((line) => line.split("?")[0])).toEqual([`POST ${uploads}`, `POST ${uploads}`]);
    expect(end.uploads.singlePost).toBe("yes");
  });

  it.each([
    [202, 3],
    [405, 4],
    [400, 4],
  ])("falls back for good when a single POST is answered %i", async (status, requests) => {
    const end = scriptedEnd((line) => {
      if (line.includes("?digest") && line.startsWith("POST")) return { status, headers: { location: "/up/1" } };
      return line.startsWith("POST") ? { status: 202, headers: { location: "/up/2" } } : { status: 201 };
    });
    end.uploads.singlePost = "unknown";
    await uploadBlob(end, blob);
    expect(end.uploads.singlePost).toBe("no");
    await uploadBlob(end, blob);
    expect(end.requests).toHaveLength(requests + 1);
  });

  it("lets one upload find out while the others go the sure way", async () => {
    const end = scriptedEnd((line) =>
      line.startsWith("PUT") || line.includes("?") ? { status: 201 } : { status: 202, headers: { location: "/up/1" } },
    );
    end.uploads.singlePost = "unknown";
    await Promise.all([uploadBlob(end, blob), uploadBlob(end, bytesContent(text("other")))]);
    expect(end.requests.filter((line) => line.includes("?digest") && line.startsWith("POST"))).toHaveLength(1);
  });

  it.each([404, 416])(
    "starts a new session when the old one is gone (%i), and looks first whether the blob has arrived",
    async (status) => {
      let puts = 0;
      const end = scriptedEnd((line) => {
        if (line.startsWith("POST")) return { status: 202, headers: { location: "/up/1" } };
        if (line.startsWith("HEAD")) return { status: 404 };
        return { status: puts++ === 0 ? status : 201, body: '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}' };
      });
      await uploadBlob(end, blob);
      expect(end.requests.map((line) => line.split(" ")[0])).toEqual(["POST", "PUT", "HEAD", "POST", "PUT"]);
      expect(end.pauses).toEqual(["upload-lost"]);
    },
  );

  it("repeats the whole session when the connection breaks, and stops when the blob turns out to be there", async () => {
    const end = scriptedEnd((line) => {
      if (line.startsWith("POST")) return { status: 202, headers: { location: "/up/1" } };
      if (line.startsWith("HEAD")) return { status: 200 };
      throw new ChartferryError("reset", { code: "connection-lost", operation: "push blob", retryable: true });
    });
    await uploadBlob(end, blob);
    expect(end.requests.map((line) => line.split(" ")[0])).toEqual(["POST", "PUT", "HEAD"]);
  });

  it("gives up after a few sessions, with the last error", async () => {
    const end = scriptedEnd((line) => (line.startsWith("HEAD") ? { status: 404 } : { status: 503 }));
    await expect(uploadBlob(end, blob)).rejects.toMatchObject({
      code: "unavailable",
      registry: "registry.example",
      repository: "charts/web",
    });
    expect(end.pauses).toHaveLength(5);
    expect(end.retries).toEqual(new Set(["once"]));
  });

  it("does not repeat what will not change", async () => {
    const end = scriptedEnd(() => ({ status: 403 }));
    await expect(uploadBlob(end, blob)).rejects.toMatchObject({ retryable: false });
    expect(end.requests).toHaveLength(1);
  });

  it("refuses a Location that steps down from https, and an answer without one", async () => {
    const down = scriptedEnd(() => ({ status: 202, headers: { location: "http://registry.example/up/1" } }));
    await expect(uploadBlob(down, blob)).rejects.toMatchObject({ code: "redirect-refused" });
    const none = scriptedEnd(() => ({ status: 202 }));
    await expect(uploadBlob(none, blob)).rejects.toMatchObject({ code: "protocol-violation" });
  });

  it("notices a registry that stored something else", async () => {
    const other = digestOf(text("other"));
    const end = scriptedEnd((line) =>
      line.startsWith("POST")
        ? { status: 202, headers: { location: "/up/1" } }
        : { status: 201, headers: { "docker-content-digest": other } },
    );
    await expect(uploadBlob(end, blob)).rejects.toMatchObject({ code: "digest-mismatch" });
  });

  it("asks first only for a large blob", async () => {
    const end = scriptedEnd(() => ({ status: 200 }));
    await uploadBlob(end, { ...blob, size: 5 * 1024 * 1024 });
    expect(end.requests).toEqual([`HEAD /v2/charts/web/blobs/${blob.digest}`]);
  });
});

describe("downloading a blob", () => {
  const bytes = text("0123456789");
  const descriptor = { mediaType: mediaTypes.helmChart, digest: digestOf(bytes), size: bytes.byteLength };
  const broken = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, 4);
    await Promise.reject(new ChartferryError("reset", { code: "connection-lost", operation: "fetch blob", retryable: true }));
  };

  const serve = (body: string): Promise<string> =>
    collect(createHttpStore(scriptedEnd(() => ({ status: 200, body }))).fetchBlob(descriptor));

  it.each([
    ["continues a broken body where it stopped", 206, bytes.subarray(4)],
    ["starts over where Range is ignored", 200, bytes],
  ])("%s", async (_title, status, rest) => {
    const ranges: unknown[] = [];
    const end = scriptedEnd((_line, { headers }) => {
      ranges.push(headers?.["range"]);
      return ranges.length === 1 ? { status: 200, body: broken } : { status, headers: { "content-range": "bytes 4-9/10" }, body: rest };
    });
    expect(await collect(createHttpStore(end).fetchBlob(descriptor))).toBe("0123456789");
    expect(ranges).toEqual([undefined, "bytes=4-"]);
  });

  it("fails on other bytes, on too many and on too few", async () => {
    const place = { registry: expect.any(String), repository: expect.any(String), version: descriptor.digest, hint: expect.any(String) };
    await expect(serve("0123456780")).rejects.toMatchObject({ code: "digest-mismatch", ...place });
    await expect(serve("01234567890")).rejects.toMatchObject({ code: "size-mismatch" });
    await expect(serve("012345678")).rejects.toMatchObject({ code: "size-mismatch" });
  });
});

describe("manifests", () => {
  const bytes = text('{"schemaVersion":2}');
  const manifest = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), bytes };

  it("are asked for with the OCI types, and a tag that is not there is no error", async () => {
    let accept: string | undefined;
    const end = scriptedEnd((_line, { headers }) => {
      accept = headers?.["accept"];
      return { status: 404 };
    });
    expect(await createHttpStore(end).resolve("1.0.0")).toBeUndefined();
    expect(accept).toContain(mediaTypes.ociManifest);
  });

  it("are fetched where HEAD is refused or names no digest", async () => {
    for (const status of [405, 200]) {
      const end = scriptedEnd((line) => (line.startsWith("HEAD") ? { status } : { status: 200, body: bytes }));
      expect((await createHttpStore(end).resolve("1.0.0"))?.digest).toBe(manifest.digest);
    }
  });

  it("are refused when they are not what the digest says, read or written", async () => {
    const other = digestOf(text("other"));
    const lying = createHttpStore(scriptedEnd(() => ({ status: 200, body: bytes, headers: { "docker-content-digest": other } })));
    await expect(lying.fetchManifest("1.0.0")).rejects.toMatchObject({ code: "digest-mismatch" });
    await expect(lying.fetchManifest(other)).rejects.toMatchObject({ code: "digest-mismatch" });
    await expect(lying.putManifest("1.0.0", manifest)).rejects.toMatchObject({ code: "digest-mismatch", version: "1.0.0" });
  });
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
});
