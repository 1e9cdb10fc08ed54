import { type CallOptions, chartInManifest, type ChartStore, isChartferryError } from "@chartferry/core";

/** Manifests read in one run to tell charts from what shares their repositories; what comes after that counts as charts. */
const mostLooks = 1000;

export interface ChartLook {
  /** Whether the tag may be a chart: `false` only where its manifest was read and is another thing, such as a container image. */
  mayBeChart(store: ChartStore, tag: string): Promise<boolean>;
}

export function createChartLook({ signal }: CallOptions): ChartLook {
  let looks = 0;
  return {
    async mayBeChart(store, tag) {
      if (looks++ >= mostLooks) return true;
      try {
        const manifest = await store.fetchManifest(tag, { signal });
        return manifest === undefined || chartInManifest(manifest) !== undefined;
      } catch (error) {
        if (!isChartferryError(error) || error.code === "aborted") throw error;
        return true;
      }
    },
  };
}
