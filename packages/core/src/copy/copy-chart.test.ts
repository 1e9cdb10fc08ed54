import { describe, expect, it } from "vitest";

import { digestOf } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import { mediaTypes } from "../media-types.ts";
import { bytesOf, createMemoryStore, type MemoryStore } from "../store/testing/memory-store.ts";
import type { AssembledPackage } from "./chart-package.ts";
import { checkExisting } from "./check-existing.ts";
import { copyChart } from "./copy-chart.ts";
import { readVerbatimPackage } from "./read-verbatim-package.ts";
import { chart, cold, holding, text } from "./testing/small-chart.ts";

/** Others push while it waits. */
function heldBack(store: MemoryStore, milliseconds: number, theirs: AssembledPackage) {
  return {
    ...store,
    putManifest: async (...[reference, manifest, options]: Parameters<MemoryStore["putManifest"]>) => {
      await copyChart(theirs, store, { ...cold, existing: "overwrite" });
      store.calls.length = 0;
      await options?.whenHeld?.(milliseconds);
      await store.putManifest(reference, manifest, options);
    },
  };
}

describe("a manifest that the registry holds back", () => {
  it("for a minute looks again: the chart that has come meanwhile is skipped, another one is not overwritten", async () => {
    const store = createMemoryStore();
    expect(await copyChart(chart(), heldBack(store, 60_000, chart()), cold)).toMatchObject({ status: "skipped", reason: "identical" });
    expect(store.calls).toEqual(["HEAD manifest 1.0.0"]);
    const other = createMemoryStore();
    await expect(copyChart(chart(), heldBack(other, 60_000, chart("other")), cold)).rejects.toMatchObject({ code: "conflict" });
    expect(other.calls.filter((call) => call.startsWith("PUT"))).toEqual([]);
  });

  it("completes what still stands there without provenance", async () => {
    const store = await holding(chart());
    const check = { tag: "1.0.0", existing: "verify", listed: true, seekProvenance: true } as const;
    const checked = await checkExisting(store, { ...check, layerDigest: chart().layer.digest });
    expect(checked).toMatchObject({ action: "push", reason: "without-provenance" });
    expect(await checkExisting(store, check)).toMatchObject({ action: "push", reason: "unknown-layer", incomplete: true });
    const options = { tags: ["1.0.0"], existing: "verify", checked: new Map([["1.0.0", checked]]) } as const;
    const outcome = await copyChart(chart("archive bytes", "signed"), heldBack(store, 60_000, chart()), options);
    expect(outcome).toMatchObject({ status: "pushed", reason: "copied" });
    expect(store.tagged.get("1.0.0")).toBe(outcome.manifestDigest);
    expect(await checkExisting(store, { tag: "1.0.0", existing: "trust", listed: true, seekProvenance: true })).toMatchObject({
      action: "skip",
    });
  });

  it("sets its other tags though one was taken care of by others", async () => {
    const store = createMemoryStore();
    const outcome = await copyChart(chart(), heldBack(store, 60_000, chart()), { ...cold, tags: ["1.0.0", "v1.0.0"] });
    expect(outcome).toMatchObject({ status: "pushed" });
    expect(store.tagged.get("v1.0.0")).toBe(store.tagged.get("1.0.0"));
  });

  it("for less goes on", async () => {
    const store = createMemoryStore();
    expect(await copyChart(chart(), heldBack(store, 59_999, chart()), cold)).toMatchObject({ status: "pushed", reason: "copied" });
    expect(store.calls).toEqual(["PUT manifest 1.0.0"]);
  });
});

describe("copying an assembled chart", () => {
  it("sends config and chart, then the manifest under its tag, and asks for nothing that cannot be there", async () => {
    const store = createMemoryStore();
    const outcome = await copyChart(chart(), store, { ...cold, tags: ["1.0.0"] });
    expect(outcome.status).toBe("pushed");
    expect(store.calls.map((call) => call.replace(/sha256:\w+/, "…"))).toEqual(["PUT blob …", "PUT blob …", "PUT manifest 1.0.0"]);
    expect(store.tagged.get("1.0.0")).toBe(outcome.manifestDigest);
    expect(await bytesOf(chart().layer)).toEqual(store.blobs.get(chart().layer.digest));
  });

  it("writes no manifest when a blob does not arrive, and waits for the other blob first", async () => {
    const store = createMemoryStore();
    const lost = new ChartferryError("gone", { code: "connection-lost", operation: "push blob" });
    store.before = (call) => {
      if (call === `PUT blob ${chart().layer.digest}`) throw lost;
    };
    await expect(copyChart(chart(), store, { ...cold, tags: ["1.0.0"] })).rejects.toBe(lost);
    expect(store.manifests.size).toBe(0);
    expect(store.blobs.size).toBe(1);
  });

  it("is content with the identical manifest that an immutable tag already holds", async () => {
    const store = await holding(chart());
    store.before = (call) => {
      if (call.startsWith("PUT manifest")) throw new ChartferryError("immutable", { code: "tag-immutable", operation: "push manifest" });
    };
    expect(await copyChart(chart(), store, { ...cold, tags: ["1.0.0"] })).toMatchObject({ status: "skipped", reason: "identical" });
    await expect(copyChart(chart("other"), store, { ...cold, tags: ["1.0.0"] })).rejects.toThrow("immutable");
  });

  it("writes only the second tag when the first is there already", async () => {
    const store = await holding(chart());
    const outcome = await copyChart(chart(), store, { existing: "verify", tags: ["1.0.0", "v1.0.0"] });
    expect(outcome.status).toBe("pushed");
    expect(store.calls.filter((call) => call.startsWith("PUT manifest"))).toEqual(["PUT manifest v1.0.0"]);
  });

  it("writes nothing when every tag holds the manifest", async () => {
    const store = await holding(chart());
    expect(await copyChart(chart(), store, { existing: "verify", tags: ["1.0.0"] })).toMatchObject({
      status: "skipped",
      reason: "identical",
    });
    expect(store.calls).toEqual(["HEAD manifest 1.0.0"]);
  });
});

describe("a manifest that stands, its blobs perhaps not", () => {
  const overwrite = { existing: "overwrite", tags: ["1.0.0"] } as const;
  const { digest } = chart().layer;

  it.each<[string, (blobs: Map<string, Uint8Array>) => unknown]>([
    ["is gone", (blobs) => blobs.delete(digest)],
    ["has lost bytes", (blobs) => blobs.set(digest, new Uint8Array(3))],
  ])("gets the blob again under overwrite where it %s, and stays", async (_title, harm) => {
    const store = await holding(chart());
    harm(store.blobs);
    const before = store.tagged.get("1.0.0");
    expect(await copyChart(chart(), store, { ...overwrite, existing: "verify" })).toMatchObject({ reason: "identical" });
    store.calls.splice(0);
    expect(await copyChart(chart(), store, overwrite)).toMatchObject({ status: "pushed", reason: "repaired", manifestDigest: before });
    expect(store.calls.filter((call) => call.startsWith("PUT"))).toEqual([`PUT blob ${digest}`]);
    expect(store.blobs.get(digest)).toEqual(await bytesOf(chart().layer));
    expect(await copyChart(chart(), store, overwrite)).toMatchObject({ status: "skipped", reason: "identical" });
  });

  it("is not called repaired where the registry acknowledges the blob and keeps the damaged one", async () => {
    const store = await holding(chart());
    store.blobs.set(digest, new Uint8Array(3));
    await expect(copyChart(chart(), { ...store, putBlob: () => Promise.resolve() }, overwrite)).rejects.toMatchObject({
      code: "size-mismatch",
      hint: expect.stringContaining("storage"),
    });
  });
});

describe("copying from store to store", () => {
  it("keeps the manifest's bytes, and writes what is attached before the tag", async () => {
    const source = await holding(chart());
    const subject = source.tagged.get("1.0.0") ?? "";
    const empty = text("{}");
    source.blobs.set(digestOf(empty), empty);
    const config = { mediaType: mediaTypes.ociEmpty, digest: digestOf(empty), size: 2 };
    const signature = text({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config,
      layers: [config],
      subject: { ...config, digest: subject },
    });
    const referrer = { mediaType: mediaTypes.ociManifest, digest: digestOf(signature), bytes: signature };
    source.manifests.set(referrer.digest, referrer);
    source.referring.set(subject, [{ mediaType: referrer.mediaType, digest: referrer.digest, size: signature.byteLength }]);
    const target = createMemoryStore("mirror/web");
    const outcome = await copyChart(await readVerbatimPackage(source, "1.0.0"), target, { ...cold, tags: ["1.0.0"] });
    expect(outcome.manifestDigest).toBe(subject);
    const writes = target.calls.filter((call) => call.startsWith("PUT manifest"));
    expect(writes).toEqual([`PUT manifest ${subject}`, `PUT manifest ${referrer.digest}`, "PUT manifest 1.0.0"]);
    target.manifests.delete(referrer.digest);
    const again = await copyChart(await readVerbatimPackage(source, "1.0.0"), target, { existing: "verify", tags: ["1.0.0"] });
    expect(again.status).toBe("pushed");
    expect(target.manifests.has(referrer.digest)).toBe(true);
    target.manifests.delete(referrer.digest);
    const image = { ...referrer, digest: digestOf(text("an image")), bytes: text("an image") };
    await target.putManifest("1.0.0", image);
    const trusting = {
      existing: "trust",
      tags: ["1.0.0"],
      checked: new Map([["1.0.0", { action: "skip", reason: "listed" } as const]]),
    } as const;
    expect((await copyChart(await readVerbatimPackage(source, "1.0.0"), target, trusting)).status).toBe("skipped");
    expect(target.tagged.get("1.0.0")).toBe(image.digest);
  });
});
