import type { Descriptor } from "../content.ts";
import { ChartferryError } from "../errors.ts";
import { mediaTypes } from "../media-types.ts";
import type { ParsedManifest } from "./parse-manifest.ts";

/** The blobs of a chart's manifest. */
export interface ChartParts {
  readonly config: Descriptor;
  /** The `.tgz`. */
  readonly layer: Descriptor;
  readonly provenance?: Descriptor;
  /** The layer has the media type of before Helm 3.7. */
  readonly legacy: boolean;
}

/** Whether the manifest is a Helm chart's: container images and other artifacts share repositories with charts. */
export function isChartManifest(manifest: ParsedManifest): boolean {
  return manifest.kind === "manifest" && manifest.config.mediaType === mediaTypes.helmConfig && findLayer(manifest.layers) !== undefined;
}

/**
 * Finds config, chart and provenance by media type, never by position: layers are sorted by digest. Of several chart layers the
 * first of the current type counts. @throws not-a-chart
 */
export function chartParts(manifest: ParsedManifest): ChartParts {
  if (manifest.kind === "index") throw notAChart("it is an index of manifests");
  const { config, layers } = manifest;
  if (config.mediaType !== mediaTypes.helmConfig) throw notAChart("its config is not Helm's");
  const layer = findLayer(layers);
  if (layer === undefined) throw notAChart("it has no chart layer");
  const provenance = layers.find((candidate) => candidate.mediaType === mediaTypes.helmProvenance);
  const legacy = layer.mediaType === mediaTypes.helmChartLegacy;
  return { config, layer, legacy, ...(provenance === undefined ? {} : { provenance }) };
}

function findLayer(layers: readonly Descriptor[]): Descriptor | undefined {
  return (
    layers.find((layer) => layer.mediaType === mediaTypes.helmChart) ??
    layers.find((layer) => layer.mediaType === mediaTypes.helmChartLegacy)
  );
}

function notAChart(reason: string): ChartferryError {
  return new ChartferryError(`the manifest is not a Helm chart: ${reason}`, {
    code: "not-a-chart",
    operation: "read manifest",
    hint: "look at what the tag names; container images may share a repository with charts",
  });
}
