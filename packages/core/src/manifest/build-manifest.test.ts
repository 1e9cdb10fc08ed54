import { describe, expect, it } from "vitest";

import { buildChartManifest } from "./build-manifest.ts";

// helm's own test chart signtest-0.1.0 with its provenance file.
const metadata = { name: "signtest", version: "0.1.0", description: "A Helm chart for Kubernetes", apiVersion: "v1" };
const layer = { digest: "sha256:e5ef611620fb97704d8751c16bab17fedb68883bfb0edc76f78a70e9173f9b55", size: 973 };
const provenance = { digest: "sha256:b0a02b7412f78ae93324d48df8fcc316d8482e5ad7827b5b238657a29a22f256", size: 695 };
const created = "1977-09-02T22:04:05Z";

function text(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("utf8");
}

describe("buildChartManifest", () => {
  it("gives the digests that helm push gives", () => {
    const built = buildChartManifest({ metadata, layer, provenance, created });
    expect(text(built.config.bytes)).toBe(
      '{"name":"signtest","version":"0.1.0","description":"A Helm chart for Kubernetes","apiVersion":"v1"}',
    );
    expect(built.config).toMatchObject({ digest: "sha256:8d17cb6bf6ccd8c29aace9a658495cbd5e2e87fc267876e86117c7db681c9580", size: 99 });
    expect(built.manifest.digest).toBe("sha256:fbbade96da6050f68f94f122881e3b80051a18f13ab5f4081868dd494538f5c2");
    expect(built.manifest.bytes.byteLength).toBe(742);
  });

  it("sorts layers by digest, so that provenance may come first", () => {
    const { layers } = JSON.parse(text(buildChartManifest({ metadata, layer, provenance, created }).manifest.bytes));
    expect(layers.map((entry: { digest: string }) => entry.digest)).toEqual([provenance.digest, layer.digest]);
  });

  it("writes neither mediaType nor artifactType into the manifest", () => {
    const document = JSON.parse(text(buildChartManifest({ metadata, layer, created }).manifest.bytes));
    expect(Object.keys(document)).toEqual(["schemaVersion", "config", "layers", "annotations"]);
  });

  it("lets Chart.yaml override all annotations but title and version", () => {
    const annotations = {
      "org.opencontainers.image.title": "x",
      "org.opencontainers.image.version": "x",
      "org.opencontainers.image.created": "x",
      "org.opencontainers.image.description": "",
      own: "",
    };
    const document = JSON.parse(text(buildChartManifest({ metadata: { ...metadata, annotations }, layer, created }).manifest.bytes));
    expect(document.annotations).toEqual({
      "org.opencontainers.image.created": "x",
      "org.opencontainers.image.description": "",
      "org.opencontainers.image.title": "signtest",
      "org.opencontainers.image.version": "0.1.0",
      own: "",
    });
  });

  it("does not let an annotation reach a prototype", () => {
    const annotations: Record<string, string> = JSON.parse('{"__proto__":"x","constructor":"y"}');
    const { manifest } = buildChartManifest({ metadata: { ...metadata, annotations }, layer, created });
    expect(text(manifest.bytes)).toContain('"__proto__":"x","constructor":"y"');
  });
});
