import type { StoredManifest } from "../content.ts";
import { isChartferryError } from "../errors.ts";
import { type ChartParts, chartParts, isChartManifest } from "./chart-parts.ts";
import { parseManifest } from "./parse-manifest.ts";

/** The parts of a chart's manifest; `undefined` for everything else that a tag may name, readable or not. */
export function chartInManifest(manifest: StoredManifest): ChartParts | undefined {
  try {
    const parsed = parseManifest(manifest.bytes, manifest.mediaType);
    return isChartManifest(parsed) ? chartParts(parsed) : undefined;
  } catch (error) {
    if (isChartferryError(error, "manifest-invalid", "too-large")) return undefined;
    throw error;
  }
}
