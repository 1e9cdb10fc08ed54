import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { isChartferryError } from "../errors.ts";
import { mediaTypes } from "../media-types.ts";
import { buildChartManifest } from "./build-manifest.ts";
import { chartParts, isChartManifest } from "./chart-parts.ts";
import { parseManifest } from "./parse-manifest.ts";

const digest = `sha256:${"a".repeat(64)}`;
const config = { mediaType: mediaTypes.helmConfig, digest, size: 2 };
const layer = { mediaType: mediaTypes.helmChart, digest, size: 3 };
const manifest = { schemaVersion: 2, config, layers: [layer] };
const index = { schemaVersion: 2, manifests: [{ mediaType: mediaTypes.ociManifest, digest, size: 4 }] };

function bytes(document: unknown): Uint8Array {
  return Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
}

describe("parseManifest", () => {
  it("reads what buildChartManifest writes and finds its parts", () => {
    const built = buildChartManifest({
      metadata: { name: "a", version: "1.0.0", apiVersion: "v2" },
      layer: { digest: `sha256:${"b".repeat(64)}`, size: 1 },
      provenance: { digest, size: 2 },
      created: "2024-01-02T03:04:05Z",
    });
    const parts = chartParts(parseManifest(built.manifest.bytes, mediaTypes.ociManifest));
    expect(parts).toEqual({
      config: built.configDescriptor,
      layer: built.layerDescriptor,
      provenance: built.provenanceDescriptor,
      legacy: false,
    });
  });

  it("reads an index", () => {
    expect(parseManifest(bytes(index), mediaTypes.ociIndex)).toMatchObject({ kind: "index", manifests: index.manifests });
  });

  it.each([
    ["both a manifest and an index", { ...manifest, ...index }, undefined],
    ["an index with a config", { ...index, config }, undefined],
    ["an index with empty layers", { ...index, layers: [] }, undefined],
    ["a type that is not the one it was served as", { ...manifest, mediaType: mediaTypes.ociManifest }, mediaTypes.dockerManifest],
    ["a manifest served as an index", manifest, mediaTypes.ociIndex],
    ["an index served as a manifest", index, mediaTypes.ociManifest],
    ["an unknown type", manifest, "text/html"],
    ["another schema version", { ...manifest, schemaVersion: 1 }, undefined],
    ["no config", { schemaVersion: 2, layers: [] }, undefined],
    ["a digest that is a path", { ...manifest, layers: [{ ...layer, digest: "sha256:../../x" }] }, undefined],
    ["a negative size", { ...manifest, layers: [{ ...layer, size: -1 }] }, undefined],
    ["a size beyond 2^53", { ...manifest, layers: [{ ...layer, size: 2 ** 53 }] }, undefined],
    ["a size that is text", { ...manifest, layers: [{ ...layer, size: "3" }] }, undefined],
    ["annotations that are no text", { ...manifest, annotations: { a: 1 } }, undefined],
    ["too many layers", { ...manifest, layers: Array.from({ length: 10_001 }, () => layer) }, undefined],
    ["a layer whose type is no text", { ...manifest, layers: [{ ...layer, mediaType: 1 }] }, undefined],
    ["a mark of byte order", `\ufeff${JSON.stringify(manifest)}`, undefined],
    ["HTML", "<html></html>", undefined],
    ["a list", "[]", undefined],
    ["nothing", "", undefined],
  ])("refuses %s", (_what, document, mediaType) => {
    expect(() => parseManifest(bytes(document), mediaType)).toThrow(expect.objectContaining({ code: "manifest-invalid" }));
  });

  it("reads what Go leaves out or writes as null: no layers, no type", () => {
    const { mediaType: _, ...untyped } = config;
    expect(parseManifest(bytes({ schemaVersion: 2, mediaType: null, config: untyped }))).toMatchObject({
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: "", digest },
      layers: [],
    });
    expect(parseManifest(bytes({ ...manifest, layers: null }))).toMatchObject({ layers: [] });
  });

  it("refuses more than 4 MiB before parsing", () => {
    expect(() => parseManifest(new Uint8Array(4 * 1024 * 1024 + 1))).toThrow(expect.objectContaining({ code: "too-large" }));
  });

  it("drops the urls of foreign layers", () => {
    const parsed = parseManifest(bytes({ ...manifest, layers: [{ ...layer, urls: ["https://evil"] }] }));
    expect(JSON.stringify(parsed)).not.toContain("evil");
  });

  it("keeps __proto__ an ordinary annotation", () => {
    const parsed = parseManifest(
      bytes('{"schemaVersion":2,"config":' + JSON.stringify(config) + ',"layers":[],"annotations":{"__proto__":"x"}}'),
    );
    expect(Object.entries(parsed.annotations)).toEqual([["__proto__", "x"]]);
  });

  it("answers any JSON with a manifest or its own error", () => {
    const someJson = fc
      .json()
      .chain((json) =>
        fc.constantFrom(json, `{"schemaVersion":2,"manifests":${json}}`, `{"schemaVersion":2,"config":${json},"layers":${json}}`),
      );
    fc.assert(
      fc.property(someJson, (json) => {
        try {
          parseManifest(bytes(json));
        } catch (error) {
          expect(isChartferryError(error, "manifest-invalid")).toBe(true);
        }
      }),
    );
  });
});

describe("chartParts", () => {
  it("knows the layer type of before Helm 3.7", () => {
    const parsed = parseManifest(bytes({ ...manifest, layers: [{ ...layer, mediaType: mediaTypes.helmChartLegacy }] }));
    expect(chartParts(parsed).legacy).toBe(true);
  });

  it.each([
    ["an index", index],
    ["a container image", { ...manifest, config: { ...config, mediaType: mediaTypes.ociConfig } }],
    ["a manifest without a chart layer", { ...manifest, layers: [{ ...layer, mediaType: mediaTypes.helmProvenance }] }],
  ])("does not take %s for a chart", (_what, document) => {
    const parsed = parseManifest(bytes(document));
    expect(isChartManifest(parsed)).toBe(false);
    expect(() => chartParts(parsed)).toThrow(expect.objectContaining({ code: "not-a-chart" }));
  });
});
