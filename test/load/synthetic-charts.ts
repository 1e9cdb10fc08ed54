import { createHash } from "node:crypto";

const configType = "application/vnd.cncf.helm.config.v1+json";
const layerType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
export const manifestType = "application/vnd.oci.image.manifest.v1+json";

export interface LoadBlob {
  readonly bytes: Uint8Array;
  readonly digest: string;
}

/** What a registry sees of a chart version; the layer is noise, since no registry opens it. */
export interface SyntheticChart {
  readonly tag: string;
  readonly config: LoadBlob;
  readonly layer: LoadBlob;
  readonly manifest: LoadBlob;
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function blobOf(bytes: Uint8Array): LoadBlob {
  return { bytes, digest: digestOf(bytes) };
}

function descriptor({ bytes, digest }: LoadBlob, mediaType: string): object {
  return { mediaType, digest, size: bytes.byteLength };
}

/** The same chart for the same tag. */
export function syntheticChart(tag: string, layerBytes: number): SyntheticChart {
  const seed = createHash("sha512").update(tag).digest();
  const config = blobOf(
    Buffer.from(JSON.stringify({ name: "web", version: tag, apiVersion: "v2", description: "a chart of a benchmark" })),
  );
  // The tag makes the layer this chart's own; the rest need not be random.
  const layer = blobOf(Buffer.alloc(Math.max(layerBytes, seed.byteLength), seed));
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: descriptor(config, configType),
    layers: [descriptor(layer, layerType)],
    annotations: { "org.opencontainers.image.title": "web", "org.opencontainers.image.version": tag },
  };
  return { tag, config, layer, manifest: blobOf(Buffer.from(JSON.stringify(manifest))) };
}
