import { describe, expect, it } from "vitest";

import { bytesContent } from "../content.ts";
import { digestOf } from "../digest.ts";
import { mediaTypes } from "../media-types.ts";
import { createMemoryStore, type MemoryStore } from "../store/testing/memory-store.ts";
import { copyChart } from "./copy-chart.ts";
import { createConnectionSource } from "./connection-source.ts";
import { openStandingChart } from "./open-chart.ts";

const text = (value: unknown): Uint8Array => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

async function storeWith(...versions: string[]): Promise<MemoryStore> {
  const store = createMemoryStore();
  for (const version of versions) {
    const layer = bytesContent(text(`archive ${version}`));
    const metadata = { name: "web", version, apiVersion: "v2" };
    const chart = {
      kind: "assemble",
      layer,
      metadata,
      created: "2024-01-02T03:04:05Z",
      notes: [],
      release: () => Promise.resolve(),
    } as const;
    await copyChart(chart, store, { tags: [version.replaceAll("+", "_")], existing: "verify", listed: false });
  }
  return store;
}

describe("opening the chart that a tag names", () => {
  it("finds its parts by media type", async () => {
    const store = await storeWith("1.0.0");
    const standing = await openStandingChart(store, "1.0.0");
    expect(standing.chart).toMatchObject({ mediaType: mediaTypes.helmChart, digest: digestOf(text("archive 1.0.0")) });
    expect(standing.config.mediaType).toBe(mediaTypes.helmConfig);
    expect(standing.provenance).toBeUndefined();
  });

  it("names the versions that are there when the asked one is not", async () => {
    const store = await storeWith("1.0.0", "1.1.0+b1");
    const opening = openStandingChart(store, "2.0.0");
    await expect(opening).rejects.toMatchObject({ code: "manifest-unknown", hint: "it holds 1.0.0, 1.1.0+b1", version: "2.0.0" });
  });

  it("says that a manifest is lost where its tag is still listed", async () => {
    const store = { ...(await storeWith("1.0.0")), fetchManifest: () => Promise.resolve(undefined) };
    const opening = openStandingChart(store, "1.0.0");
    await expect(opening).rejects.toMatchObject({
      code: "manifest-unknown",
      message: expect.stringContaining("lists 1.0.0, but the manifest"),
    });
    await expect(openStandingChart(store, "1.0.0")).rejects.toMatchObject({ hint: expect.stringContaining("push that version again") });
  });

  it("looks through an index for the chart in it, and refuses what holds none", async () => {
    const store = await storeWith("1.0.0");
    const digest = store.tagged.get("1.0.0") ?? "";
    const put = async (tag: string, manifests: object[]): Promise<void> => {
      const bytes = text({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
      await store.putManifest(tag, { mediaType: mediaTypes.ociIndex, digest: digestOf(bytes), bytes });
    };
    await put("indexed", [{ mediaType: mediaTypes.ociManifest, digest, size: 1 }]);
    await put("hollow", []);
    expect((await openStandingChart(store, "indexed")).manifest.digest).toBe(digest);
    await expect(openStandingChart(store, "hollow")).rejects.toMatchObject({
      code: "not-a-chart",
      message: expect.stringContaining(":hollow is no Helm chart: it is an index of several manifests"),
    });
  });

  it.each([
    ["a container image", { config: mediaTypes.ociConfig }],
    ["a container image", { config: "application/vnd.docker.container.image.v1+json" }],
    ["a chart's manifest without the chart's archive", { config: mediaTypes.helmConfig }],
    ["an artifact of another kind", { config: mediaTypes.ociEmpty, artifactType: "application/vnd.example.sbom" }],
    ["an artifact of another kind", { config: "application/vnd.example\u001b[2J" }],
  ])("says in plain words what is no chart: %s", async (words, { config, ...more }) => {
    const store = await storeWith();
    const descriptor = { mediaType: config, digest: digestOf(text("{}")), size: 2 };
    const bytes = text({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: descriptor, layers: [], ...more });
    await store.putManifest("1.0.0", { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), bytes });
    const type = ("artifactType" in more ? more.artifactType : config).replace("\u001b[2J", "\u{fffd}");
    await expect(openStandingChart(store, "1.0.0")).rejects.toMatchObject({
      message: expect.stringContaining(`: it is ${words} (${type})`),
    });
    await expect(openStandingChart(store, digestOf(bytes))).rejects.toMatchObject({ message: expect.stringContaining("web@sha256:") });
  });

  it("says so of a manifest that nobody can read", async () => {
    const store = await storeWith();
    const bytes = text("no JSON");
    await store.putManifest("1.0.0", { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), bytes });
    await expect(openStandingChart(store, "1.0.0")).rejects.toMatchObject({
      message: expect.stringContaining(`is no Helm chart: it is a manifest that cannot be read (${mediaTypes.ociManifest})`),
    });
  });
});

describe("a registry as a source", () => {
  it("lists every version of every chart below a path, without the tags of attachments, and opens them as they stand", async () => {
    const store = await storeWith("1.0.0", "1.1.0+b1");
    store.tagged.set(`sha256-${"0".repeat(64)}.sig`, store.tagged.get("1.0.0") ?? "");
    const connection = {
      end: "source" as const,
      registry: "memory.example",
      adapter: "memory",
      nameProblems: () => [],
      openStore: () => Promise.resolve(store),
      // oxlint-disable-next-line typescript/require-await -- a listing of one
      repositories: async function* () {
        yield "charts/web";
      },
      ping: () => Promise.resolve({ credentialSource: undefined }),
      traffic: () => ({}),
      close: () => Promise.resolve(),
    };
    const source = createConnectionSource({ connection, prefix: "charts", scheme: "oci://" });
    const found = [];
    for await (const item of source.versions()) if (item.kind === "entry") found.push(item.entry);
    expect(found.map(({ chart, version }) => `${chart} ${version}`)).toEqual(["web 1.0.0", "web 1.1.0+b1"]);
    const opened = await source.open(found[1] ?? expect.unreachable("two entries"));
    expect(opened.kind === "verbatim" && opened.manifest.digest).toBe(store.tagged.get("1.1.0_b1"));
  });
});
