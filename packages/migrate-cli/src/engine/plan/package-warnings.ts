import type { ChartPackage, Note } from "@chartferry/core";

/** Bytes. Helm 3.21.1-3.21.4 and 4.2.1-4.2.4 refuse larger blobs (oras-go 2.6.1). */
const pulledByAll = 32 * 1024 * 1024;

/** What only the size of an opened chart tells; its own remarks come with it. */
export function packageWarnings(chart: ChartPackage): Note[] {
  const size = chart.layer?.size ?? 0;
  if (size <= pulledByAll) return [];
  return [
    {
      code: "layer-over-32-mib",
      text: `its archive has ${(size / 1024 / 1024).toFixed(1)} MiB: Helm 3.21.1 to 3.21.4 and 4.2.1 to 4.2.4 pull nothing above 32 MiB`,
      hint: "ask consumers to use Helm 3.22, 4.3 or later, or make the chart smaller",
    },
  ];
}
