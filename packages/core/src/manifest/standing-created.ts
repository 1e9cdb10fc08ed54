import type { StoredManifest } from "../content.ts";
import type { Digest } from "../digest.ts";
import { chartInManifest } from "./chart-in-manifest.ts";
import { parseManifest } from "./parse-manifest.ts";
import { readTime } from "./timestamps.ts";

/** Characters. RFC 3339 with nanoseconds and a zone takes 35. */
const longestTime = 64;

/**
 * The `created` of a chart's manifest, as it is written there: `undefined` where another archive, something else, or no time stands.
 * Whoever wrote it may have used a zone or fractions of seconds, as Helm does: any other text would give another digest.
 */
export function standingCreated(manifest: StoredManifest, layerDigest: Digest): string | undefined {
  if (chartInManifest(manifest)?.layer.digest !== layerDigest) return undefined;
  const created = parseManifest(manifest.bytes, manifest.mediaType).annotations["org.opencontainers.image.created"];
  return created !== undefined && created.length <= longestTime && readTime(created) !== undefined ? created : undefined;
}
