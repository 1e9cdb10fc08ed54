import type { StoredManifest } from "../content.ts";
import { isChartferryError } from "../errors.ts";
import { mediaTypes } from "../media-types.ts";
import { shown } from "../shown-text.ts";
import { type ParsedManifest, parseManifest } from "./parse-manifest.ts";

/** In plain words what a tag names that is no chart, with the media type that says so. */
export function describeManifest({ bytes, mediaType }: StoredManifest): string {
  try {
    const { words, type } = describe(parseManifest(bytes, mediaType));
    return `${words} (${type === "" ? "without a media type" : shown(type)})`;
  } catch (error) {
    if (isChartferryError(error, "manifest-invalid", "too-large")) return `a manifest that cannot be read (${shown(mediaType)})`;
    throw error;
  }
}

const imageConfigs: ReadonlySet<string> = new Set([mediaTypes.ociConfig, "application/vnd.docker.container.image.v1+json"]);

function describe(manifest: ParsedManifest): { readonly words: string; readonly type: string } {
  const { mediaType, artifactType } = manifest;
  if (manifest.kind === "index")
    return { words: "an index of several manifests, as images for several platforms have it", type: mediaType };
  const { config } = manifest;
  if (imageConfigs.has(config.mediaType)) return { words: "a container image", type: config.mediaType };
  if (config.mediaType === mediaTypes.helmConfig)
    return { words: "a chart's manifest without the chart's archive", type: config.mediaType };
  const isEmpty = config.mediaType === mediaTypes.ociEmpty || config.mediaType === "";
  return { words: "an artifact of another kind", type: isEmpty ? (artifactType ?? config.mediaType) : config.mediaType };
}
