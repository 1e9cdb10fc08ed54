import { describe, expect, it } from "vitest";

import type { StoredManifest } from "../content.ts";
import { digestOf } from "../digest.ts";
import { mediaTypes } from "../media-types.ts";
import { createMemoryStore, type MemoryStore } from "../store/testing/memory-store.ts";
import { copyChart } from "./copy-chart.ts";
import { readVerbatimPackage } from "./read-verbatim-package.ts";
import { chart, cold, holding, text } from "./testing/small-chart.ts";

const again = { existing: "verify", tags: ["1.0.0"] } as const;

/** Puts something small, with or without a subject. */
async function put(store: MemoryStore, reference: string, { subject, word }: { subject?: string; word: string }): Promise<StoredManifest> {
  const content = text(word);
  store.blobs.set(digestOf(content), content);
  const config = { mediaType: mediaTypes.ociEmpty, digest: digestOf(content), size: content.byteLength };
  const refers = subject === undefined ? {} : { subject: { mediaType: mediaTypes.ociManifest, digest: subject, size: 2 } };
  const bytes = text({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [config], ...refers });
  const manifest = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), bytes };
  await store.putManifest(reference === "" ? manifest.digest : reference, manifest);
  return manifest;
}

function indexOf(manifests: readonly StoredManifest[]): StoredManifest {
  const listed = manifests.map(({ mediaType, digest, bytes }) => ({ mediaType, digest, size: bytes.byteLength }));
  const bytes = text({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: listed });
  return { mediaType: mediaTypes.ociIndex, digest: digestOf(bytes), bytes };
}

const copied = async (source: MemoryStore, target: MemoryStore): Promise<string> =>
  (await copyChart(await readVerbatimPackage(source, "1.0.0"), target, target.tagged.size === 0 ? cold : again)).status;

describe("what is attached to a chart", () => {
  it("keeps its tag where it is a referrer as well", async () => {
    const source = await holding(chart());
    const subject = source.tagged.get("1.0.0") ?? "";
    const tag = `${subject.replace(":", "-")}.sig`;
    const signature = await put(source, tag, { subject, word: "signature" });
    const target = createMemoryStore("mirror/web");
    await copied(source, target);
    expect(target.tagged.get(tag)).toBe(signature.digest);
    target.tagged.delete(tag);
    expect(await copied(source, target)).toBe("pushed");
    expect(target.tagged.get(tag)).toBe(signature.digest);
    expect(await copied(source, target)).toBe("skipped");
  });

  it("brings what is attached to it in turn, by tag or as a referrer", async () => {
    const source = await holding(chart());
    const bill = await put(source, "", { subject: source.tagged.get("1.0.0") ?? "", word: "bill of materials" });
    const signatureTag = `${bill.digest.replace(":", "-")}.sig`;
    const signature = await put(source, signatureTag, { word: "signature of the bill" });
    const remark = await put(source, "", { subject: signature.digest, word: "remark on the signature" });
    const target = createMemoryStore("mirror/web");
    await copied(source, target);
    expect(target.tagged.get(signatureTag)).toBe(signature.digest);
    expect([...target.manifests.keys()]).toEqual(expect.arrayContaining([bill.digest, signature.digest, remark.digest]));
    expect([...target.blobs.keys()].toSorted()).toEqual([...source.blobs.keys()].toSorted());
  });

  it("is brought again where it stands but nobody lists it", async () => {
    const source = await holding(chart());
    const subject = source.tagged.get("1.0.0") ?? "";
    const signature = await put(source, "", { subject, word: "signature" });
    const target = createMemoryStore("mirror/web");
    await copied(source, target);
    expect(await copied(source, target)).toBe("skipped");
    target.referring.clear();
    expect(await copied(source, target)).toBe("pushed");
    expect(target.referring.get(subject)).toMatchObject([{ digest: signature.digest }]);
  });

  it("is brought where the manifest stands under one of its tags, and another manifest of the same chart under the other", async () => {
    const source = await holding(chart());
    const signature = await put(source, "", { subject: source.tagged.get("1.0.0") ?? "", word: "signature" });
    const target = createMemoryStore("mirror/web");
    await copied(source, target);
    const later = { ...chart(), created: "2030-01-01T00:00:00Z" };
    await copyChart(later, target, { ...cold, tags: ["v1.0.0"] });
    target.manifests.delete(signature.digest);
    const options = { existing: "verify", tags: ["1.0.0", "v1.0.0"] } as const;
    expect(await copyChart(await readVerbatimPackage(source, "1.0.0"), target, options)).toMatchObject({ status: "pushed" });
    expect(target.manifests.has(signature.digest)).toBe(true);
    expect(target.tagged.get("v1.0.0")).not.toBe(target.tagged.get("1.0.0"));
  });

  it("is read up to a limit, however it hangs together", async () => {
    for (const suffix of ["", ".sig"]) {
      const source = await holding(chart());
      let subject = source.tagged.get("1.0.0") ?? "";
      for (let depth = 0; depth < 201; depth++) {
        const reference = suffix === "" ? "" : `${subject.replace(":", "-")}${suffix}`;
        ({ digest: subject } = await put(source, reference, { ...(suffix === "" && { subject }), word: `${depth}` }));
      }
      await expect(readVerbatimPackage(source, "1.0.0")).rejects.toMatchObject({ code: "too-large" });
    }
  });
});

describe("a tag that names an index", () => {
  it("is copied with the manifests that the index names, and theirs, before the index", async () => {
    const source = createMemoryStore();
    const child = await put(source, "", { word: "for one machine" });
    const inner = indexOf([child]);
    const outer = indexOf([inner]);
    await source.putManifest(inner.digest, inner);
    await source.putManifest("1.0.0", outer);
    const target = createMemoryStore("mirror/web");
    await copied(source, target);
    const writes = target.calls.filter((call) => call.startsWith("PUT manifest"));
    expect(writes).toEqual([child.digest, inner.digest, "1.0.0"].map((reference) => `PUT manifest ${reference}`));
    expect([...target.blobs.keys()]).toEqual([...source.blobs.keys()]);
  });
});
