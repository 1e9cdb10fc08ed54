import { describe, expect, it } from "vitest";

import { digestOf } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import { workRepeats } from "../http/repeat-policy.ts";
import { mediaTypes } from "../media-types.ts";
import { createHttpStore } from "./http-store.ts";
import { type ScriptedAnswer, scriptedEnd } from "./testing/scripted-end.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const collect = async (chunks: AsyncIterable<Uint8Array>): Promise<string> => {
  let all = "";
  for await (const chunk of chunks) all += new TextDecoder().decode(chunk);
  return all;
};

const overlong = async function* (): AsyncGenerator<Uint8Array> {
  yield text("0123456789a");
  await Promise.reject(new ChartferryError("reset", { code: "connection-lost", operation: "fetch blob", retryable: true }));
};

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

  it.each(["bytes 5-9/10", "bytes 3-9/10", undefined])("is never put together with a part that begins elsewhere (%s)", async (range) => {
    const part = { status: 206, headers: range === undefined ? {} : { "content-range": range }, body: bytes.subarray(4) };
    const end = scriptedEnd((_line, { headers }) => (headers?.["range"] === undefined ? { status: 200, body: broken } : part));
    await expect(collect(createHttpStore(end).fetchBlob(descriptor))).rejects.toMatchObject({ code: "protocol-violation" });
    expect(end.requests).toHaveLength(2);
  });

  it("does not go on where more came than there should be, and then the body breaks off", async () => {
    const end = scriptedEnd(() => ({ status: 200, body: overlong }));
    await expect(collect(createHttpStore(end).fetchBlob(descriptor))).rejects.toMatchObject({ code: "size-mismatch" });
    expect(end.requests).toHaveLength(1);
  });

  it("goes on five times where a body breaks off, and asks no second time where the request itself failed: that was repeated", async () => {
    const cut = scriptedEnd(() => ({ status: 200, body: broken }));
    await expect(collect(createHttpStore(cut).fetchBlob(descriptor))).rejects.toMatchObject({ code: "connection-lost" });
    expect(cut.requests).toHaveLength(workRepeats["blob download"].broken.tries);
    const failing = scriptedEnd(() => ({ status: 502 }));
    await expect(collect(createHttpStore(failing).fetchBlob(descriptor))).rejects.toMatchObject({ code: "unavailable" });
    expect([failing.requests.length, failing.pauses]).toEqual([1, []]);
  });

  it("fails on other bytes, on too many and on too few", async () => {
    const place = { registry: expect.any(String), repository: expect.any(String), version: descriptor.digest, hint: expect.any(String) };
    await expect(serve("0123456780")).rejects.toMatchObject({ code: "digest-mismatch", ...place });
    await expect(serve("01234567890")).rejects.toMatchObject({ code: "size-mismatch" });
    await expect(serve("012345678")).rejects.toMatchObject({ code: "size-mismatch" });
  });
});

it("takes a tag for missing where the adapter knows that its registry says so in another way", async () => {
  const end = scriptedEnd(() => ({ status: 403 }));
  await expect(createHttpStore(end).resolve("1.0.0")).rejects.toMatchObject({ code: "denied" });
  const knowing = createHttpStore({ ...end, mapError: () => ({ code: "manifest-unknown" }) });
  expect(await knowing.resolve("1.0.0")).toBeUndefined();
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

describe("mounting a blob", () => {
  const descriptor = { mediaType: mediaTypes.helmChart, digest: digestOf(text("archive")), size: 7 };
  const mount = `POST /v2/charts/web/blobs/uploads/?mount=${encodeURIComponent(descriptor.digest)}&from=charts%2Fapi`;

  it.each<[string, ScriptedAnswer, boolean, readonly string[]]>([
    ["done", { status: 201 }, true, []],
    ["refused", { status: 404 }, false, []],
    ["refused by an upload, which is called off", { status: 202, headers: { location: "/up/7?s=1" } }, false, ["DELETE /up/7?s=1"]],
    ["refused by an upload that goes on nowhere", { status: 202 }, false, []],
  ])("may be %s", async (...[, answer, done, more]) => {
    const end = scriptedEnd((line) => (line.startsWith("POST") ? answer : { status: 204 }));
    expect(await createHttpStore(end).mountBlob(descriptor, "charts/api")).toBe(done);
    expect(end.requests).toEqual([mount, ...more]);
  });

  it("may leave an upload behind that cannot be called off", async () => {
    const end = scriptedEnd((line) => {
      if (line.startsWith("POST")) return { status: 202, headers: { location: "/up/7" } };
      throw new ChartferryError("reset", { code: "connection-lost", operation: "cancel upload" });
    });
    expect(await createHttpStore(end).mountBlob(descriptor, "charts/api")).toBe(false);
    expect(end.requests).toHaveLength(2);
  });
});
