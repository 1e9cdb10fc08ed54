import { mkdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { digestOf } from "../digest.ts";
import { mediaTypes } from "../media-types.ts";
import { blobPath } from "./blob-files.ts";
import { openLayoutStore } from "./layout-store.ts";
import { openLayoutTree } from "./layout-tree.ts";
import { scrubLayout } from "./scrub-layout.ts";
import { blobOf, chartOf, listed, makeFolder, manifestOf, pushChart, stillClock } from "./testing/layout-fixture.ts";

let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

describe("a store over one repository of a layout tree", () => {
  it("gives back after reopening what was pushed, byte for byte", async () => {
    const tree = await openLayoutTree(folder.path);
    const chart = await pushChart(await openLayoutStore(tree, "charts/web"), "1.0.0");
    await tree.close();
    const again = await openLayoutTree(folder.path, { readOnly: true });
    const store = await openLayoutStore(again, "charts/web");
    expect(await store.fetchManifest("1.0.0")).toEqual(chart.manifest);
    expect(Buffer.concat(await listed(store.fetchBlob({ ...chart.layer, mediaType: "" }))).toString()).toBe("layer of 1.0.0");
    expect(await listed(again.repositories())).toEqual(["charts/web"]);
    expect((await scrubLayout(folder.path)).damage).toEqual([]);
  });

  it("writes one entry per tag into index.json and the untagged manifests behind them", async () => {
    const tree = await openLayoutTree(folder.path);
    const store = await openLayoutStore(tree, "web");
    const { manifest } = await pushChart(store, "1.0.0");
    await store.putManifest("latest", manifest);
    const other = chartOf("2.0.0");
    await store.putBlob(other.config);
    await store.putBlob(other.layer);
    await store.putManifest(other.manifest.digest, other.manifest);
    await tree.close();
    const index: { manifests: { digest: string; annotations?: object }[] } = JSON.parse(
      await readFile(join(folder.path, "web/index.json"), "utf8"),
    );
    expect(index.manifests.map(({ digest, annotations }) => [digest, annotations])).toEqual([
      [manifest.digest, { "org.opencontainers.image.ref.name": "1.0.0" }],
      [manifest.digest, { "org.opencontainers.image.ref.name": "latest" }],
      [other.manifest.digest, undefined],
    ]);
  });

  it("refuses a manifest whose blobs are missing or of another size, and keeps the tag unseen", async () => {
    const tree = await openLayoutTree(folder.path, { clock: stillClock() });
    const store = await openLayoutStore(tree, "web");
    const chart = chartOf("1.0.0");
    await store.putBlob(chart.config);
    await expect(store.putManifest("1.0.0", chart.manifest)).rejects.toMatchObject({ code: "blob-unknown" });
    const lying = manifestOf({
      schemaVersion: 2,
      config: { mediaType: mediaTypes.helmConfig, digest: chart.config.digest, size: 3 },
      layers: [],
    });
    await expect(store.putManifest("1.0.0", lying)).rejects.toMatchObject({ code: "size-mismatch" });
    await expect(store.putManifest("1.0.0", { ...lying, digest: chart.manifest.digest })).rejects.toMatchObject({
      code: "digest-mismatch",
    });
    expect(await store.resolve("1.0.0")).toBeUndefined();
    await tree.close();
  });

  it("refuses bytes that do not have their digest and leaves no file", async () => {
    const tree = await openLayoutTree(folder.path);
    const store = await openLayoutStore(tree, "web");
    const blob = { ...blobOf("right"), bytes: Buffer.from("wrong") };
    await expect(store.putBlob(blob)).rejects.toMatchObject({ code: "digest-mismatch" });
    expect(await store.findBlob(blob.digest)).toBe(undefined);
    await tree.close();
    expect((await scrubLayout(folder.path)).blobs).toBe(0);
  });

  it.each(["../etc", "a/../b", "/a", "a//b", "A", "a/blobs", "blobs/a", "index.json", "a/oci-layout", "a\0b", "", "a".repeat(300)])(
    "refuses %j as the name of a repository",
    async (name) => {
      const tree = await openLayoutTree(folder.path, { readOnly: true });
      await expect(openLayoutStore(tree, name)).rejects.toMatchObject({ code: "name-invalid" });
    },
  );

  it("keeps repositories inside each other apart", async () => {
    const tree = await openLayoutTree(folder.path);
    await pushChart(await openLayoutStore(tree, "a"), "1.0.0");
    await pushChart(await openLayoutStore(tree, "a/b"), "2.0.0");
    expect(await listed(tree.repositories("a"))).toEqual(["a", "a/b"]);
    expect(await listed((await openLayoutStore(tree, "a")).tags())).toEqual(["1.0.0"]);
    await tree.close();
  });

  it("finds referrers by subject, also those that were there before it was opened, and forgets deleted ones", async () => {
    const tree = await openLayoutTree(folder.path);
    const store = await openLayoutStore(tree, "web");
    const { manifest } = await pushChart(store, "1.0.0");
    const subject = { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.byteLength };
    const signature = await pushChart(
      store,
      "signature",
      chartOf("1.0.0", { subject, artifactType: "application/x.signature", annotations: { by: "us" } }),
    );
    await tree.close();
    const again = await openLayoutTree(folder.path);
    const reopened = await openLayoutStore(again, "web");
    expect(await listed(reopened.referrers(manifest.digest))).toEqual([
      {
        mediaType: mediaTypes.ociManifest,
        digest: signature.manifest.digest,
        size: signature.manifest.bytes.byteLength,
        artifactType: "application/x.signature",
        annotations: { by: "us" },
      },
    ]);
    expect(await reopened.deleteManifest(signature.manifest.digest)).toBe(true);
    expect(await listed(reopened.referrers(manifest.digest))).toEqual([]);
    expect(await listed(reopened.tags())).toEqual(["1.0.0"]);
    await again.close();
    expect(await readFile(join(folder.path, "web/index.json"), "utf8")).not.toContain("referrer.subject");
  });

  it("mounts a blob as a link to the same file, and says no when there is none", async () => {
    const tree = await openLayoutTree(folder.path);
    const [from, to] = [await openLayoutStore(tree, "from"), await openLayoutStore(tree, "to")];
    const blob = blobOf("shared");
    await from.putBlob(blob);
    expect(await to.mountBlob({ ...blob, mediaType: "" }, "from")).toBe(true);
    expect(await to.mountBlob({ ...blobOf("absent"), mediaType: "" }, "from")).toBe(false);
    expect(await to.findBlob(blob.digest)).toEqual({ size: blob.size });
    await tree.close();
  });

  it("mounts no blob that was cut off, so that its bytes are pushed, which brings it back", async () => {
    const tree = await openLayoutTree(folder.path);
    const [from, to] = [await openLayoutStore(tree, "from"), await openLayoutStore(tree, "to")];
    const blob = blobOf("shared");
    await from.putBlob(blob);
    await to.mountBlob({ ...blob, mediaType: "" }, "from");
    await truncate(blobPath(join(folder.path, "from"), blob.digest), 2);
    expect(await to.mountBlob({ ...blob, mediaType: "" }, "from")).toBe(false);
    await to.putBlob(blob);
    expect(await readFile(blobPath(join(folder.path, "to"), blob.digest), "utf8")).toBe("shared");
    await tree.close();
  });

  it("never follows a link that stands where a blob should", async () => {
    const secret = join(folder.path, "secret");
    await writeFile(secret, "not for you");
    const digest = digestOf(Buffer.from("x"));
    await mkdir(join(folder.path, "web/blobs/sha256"), { recursive: true });
    await symlink(secret, blobPath(join(folder.path, "web"), digest));
    const tree = await openLayoutTree(folder.path, { readOnly: true });
    const store = await openLayoutStore(tree, "web");
    expect(await store.findBlob(digest)).toBe(undefined);
    await expect(listed(store.fetchBlob({ mediaType: "", digest, size: 11 }))).rejects.toMatchObject({ code: "blob-unknown" });
  });

  it("reads a directory that is itself one layout, keeps entries it has no word for, and takes the first of two equal tags", async () => {
    const [first, second] = [chartOf("1"), chartOf("2")];
    await mkdir(join(folder.path, "blobs/sha256"), { recursive: true });
    for (const content of [first.config, first.layer, second.config, second.layer, first.manifest, second.manifest]) {
      await writeFile(blobPath(folder.path, content.digest), content.bytes ?? "");
    }
    const entry = (chart: typeof first, name: string): object => ({
      mediaType: chart.manifest.mediaType,
      digest: chart.manifest.digest,
      size: chart.manifest.bytes.byteLength,
      annotations: { "org.opencontainers.image.ref.name": name, "io.example.kept": "yes" },
    });
    const manifests = [
      entry(first, "1.0.0"),
      entry(second, "1.0.0"),
      entry(second, "docker.io/library/web:1"),
      { digest: "sha256:../../x", size: 1 },
    ];
    await writeFile(join(folder.path, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
    await writeFile(join(folder.path, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    const tree = await openLayoutTree(folder.path);
    expect(await listed(tree.repositories())).toEqual([""]);
    const store = await openLayoutStore(tree, "");
    expect((await store.resolve("1.0.0"))?.digest).toBe(first.manifest.digest);
    expect(await listed(store.tags())).toEqual(["1.0.0"]);
    await store.putManifest("2.0.0", second.manifest);
    await tree.close();
    const text = await readFile(join(folder.path, "index.json"), "utf8");
    expect(text).toContain("docker.io/library/web:1");
    expect(text).toContain("io.example.kept");
  });

  it("says that a directory is damaged rather than taking it for empty", async () => {
    await mkdir(join(folder.path, "web"));
    await writeFile(join(folder.path, "web/index.json"), "{");
    const tree = await openLayoutTree(folder.path, { readOnly: true });
    await expect(openLayoutStore(tree, "web")).rejects.toMatchObject({ code: "layout-invalid" });
  });

  it("lets a reader follow what the owner folds, without a lock and without a write", async () => {
    const owner = await openLayoutTree(folder.path);
    const writing = await openLayoutStore(owner, "web");
    const clock = stillClock(5000);
    const reader = await openLayoutTree(folder.path, { readOnly: true, clock });
    const reading = await openLayoutStore(reader, "web");
    const { manifest } = await pushChart(writing, "1.0.0");
    await (await owner.openRepository("web")).journal?.fold();
    clock.advance(1001);
    expect((await reading.resolve("1.0.0"))?.digest).toBe(manifest.digest);
    await expect(reading.putManifest("2.0.0", manifest)).rejects.toMatchObject({ code: "read-only" });
    await owner.close();
  });

  it("names a path that cannot be written, and shows nothing of what failed", async () => {
    const tree = await openLayoutTree(folder.path);
    await writeFile(join(folder.path, "web"), "a file where the repository should be");
    const store = await openLayoutStore(tree, "web");
    await expect(store.putBlob(blobOf("x"))).rejects.toMatchObject({ code: "file-unwritable" });
    expect(await store.findBlob(blobOf("x").digest)).toBe(undefined);
    await tree.close();
  });
});

describe("scrub", () => {
  it("names damaged bytes, missing blobs and files that are no blobs", async () => {
    const tree = await openLayoutTree(folder.path);
    const chart = await pushChart(await openLayoutStore(tree, "web"), "1.0.0");
    await tree.close();
    const directory = join(folder.path, "web");
    await writeFile(blobPath(directory, chart.layer.digest), "Layer of 1.0.0");
    await writeFile(join(directory, "blobs/sha256/leftover"), "");
    await rm(blobPath(directory, chart.config.digest));
    const { damage } = await scrubLayout(folder.path);
    expect(damage.map(({ kind, digest }) => `${kind} ${digest}`).toSorted()).toEqual([
      `damaged ${chart.layer.digest}`,
      `dangling ${chart.config.digest}`,
      "stray sha256:leftover",
    ]);
  });
});
