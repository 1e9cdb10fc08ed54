import { describe, expect, it } from "vitest";

import type { StoredManifest } from "../content.ts";
import { digestOf } from "../digest.ts";
import { mediaTypes } from "../media-types.ts";
import { createHttpStore } from "./http-store.ts";
import type { RepositoryRequest } from "./repository-end.ts";
import { type ScriptedAnswer, scriptedEnd } from "./testing/scripted-end.ts";

const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const subject = digestOf(text("the chart's manifest"));
const tag = subject.replace(":", "-");
const empty = { mediaType: mediaTypes.ociEmpty, digest: digestOf(text({})), size: 2 };

function signature(more: object = {}): StoredManifest {
  const reference = { mediaType: mediaTypes.ociManifest, digest: subject, size: 7 };
  const bytes = text({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: empty, layers: [empty], subject: reference, ...more });
  return { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), bytes };
}

/** A registry without the referrers API, and the manifests that it holds by tag or digest. */
function plainRegistry(held: Record<string, StoredManifest> = {}) {
  const get = (reference: string): ScriptedAnswer => {
    const found = held[reference];
    return found === undefined ? { status: 404 } : { status: 200, headers: { "content-type": found.mediaType }, body: found.bytes };
  };
  const put = (reference: string, { body, headers }: RepositoryRequest): ScriptedAnswer => {
    if (!(body instanceof Uint8Array)) throw new Error("no bytes");
    held[reference] = { mediaType: headers?.["content-type"] ?? "", digest: digestOf(body), bytes: body };
    return { status: 201 };
  };
  const end = scriptedEnd((line, request) => {
    const reference = line.slice(line.lastIndexOf("/") + 1);
    if (line.includes("/referrers/")) return { status: 404 };
    return request.method === "PUT" ? put(reference, request) : get(reference);
  });
  const list = (): unknown => JSON.parse(new TextDecoder().decode(held[tag]?.bytes));
  return { store: createHttpStore(end), requests: end.requests, held, list };
}

describe("a manifest with a subject, where the registry does not list it", () => {
  it("is listed under the subject's tag, with what others must know of it, and so is the next one", async () => {
    const { store, list, held } = plainRegistry();
    const signed = signature({ artifactType: "application/x.signature", annotations: { "org.example": "yes" } });
    const bill = signature({ config: { ...empty, mediaType: "application/x.bill" } });
    await store.putManifest(signed.digest, signed);
    await store.putManifest("bill", bill);
    const [first, second] = [
      { artifactType: "application/x.signature", annotations: { "org.example": "yes" } },
      { artifactType: "application/x.bill" },
    ];
    expect(list()).toEqual({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [
        { mediaType: mediaTypes.ociManifest, digest: signed.digest, size: signed.bytes.byteLength, ...first },
        { mediaType: mediaTypes.ociManifest, digest: bill.digest, size: bill.bytes.byteLength, ...second },
      ],
    });
    expect(held[tag]?.mediaType).toBe(mediaTypes.ociIndex);
    const found: string[] = [];
    for await (const { digest } of store.referrers(subject)) found.push(digest);
    expect(found).toEqual([signed.digest, bill.digest]);
  });

  it("is listed once however often it is put, and what others wrote into the list stays", async () => {
    const theirs = { mediaType: mediaTypes.ociManifest, digest: digestOf(text("theirs")), size: 6, "x-more": 1 };
    const bytes = text({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [theirs], annotations: { by: "them" } });
    const { store, list, requests } = plainRegistry({ [tag]: { mediaType: mediaTypes.ociIndex, digest: digestOf(bytes), bytes } });
    const own = signature();
    await store.putManifest(own.digest, own);
    await store.putManifest(own.digest, own);
    expect(list()).toMatchObject({ annotations: { by: "them" }, manifests: [theirs, { digest: own.digest }] });
    expect(requests.filter((line) => line === `PUT /v2/charts/web/manifests/${tag}`)).toHaveLength(1);
  });

  it("does not take the place of something else that stands under the tag", async () => {
    const image = signature({ layers: [] });
    const { store, held } = plainRegistry({ [tag]: image });
    const own = signature();
    await expect(store.putManifest(own.digest, own)).rejects.toMatchObject({ code: "protocol-violation", version: tag });
    expect(held[tag]).toBe(image);
  });

  it("is found under sha512 by the first 64 characters, for a tag has no room for more", async () => {
    const { store, held } = plainRegistry();
    const long = `sha512:${"ab".repeat(64)}`;
    const own = signature({ subject: { mediaType: mediaTypes.ociManifest, digest: long, size: 7 } });
    await store.putManifest(own.digest, own);
    expect(Object.keys(held)).toContain(`sha512-${"ab".repeat(32)}`);
  });
});

describe("a manifest that needs no list", () => {
  it.each<[string, StoredManifest, Readonly<Record<string, string>>]>([
    ["because the registry lists it", signature(), { "oci-subject": subject }],
    ["because it has no subject", signature({ subject: undefined, annotations: { subject: "a word" } }), {}],
  ])("costs one request (%s)", async (_title, manifest, headers) => {
    const end = scriptedEnd(() => ({ status: 201, headers }));
    await createHttpStore(end).putManifest(manifest.digest, manifest);
    expect(end.requests).toHaveLength(1);
  });
});
