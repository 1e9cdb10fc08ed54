import type { ChartPackage, Note, SourceEntry } from "@chartferry/core";

import { dependencyWarnings, type FormerHomes } from "./index-warnings.ts";

/** Bytes. Helm 3.21.1-3.21.4 and 4.2.1-4.2.4 refuse larger blobs (oras-go 2.6.1). */
const pulledByAll = 32 * 1024 * 1024;

/** What an opened chart tells beyond its entry; its own remarks come with it. */
export function packageWarnings(chart: ChartPackage, entry: SourceEntry, homes: FormerHomes): Note[] {
  return [...sizeWarnings(chart), ...innerDependencyWarnings(chart, entry, homes)];
}

/** Not every index repeats what a chart depends on. What this one does has been warned of. */
function innerDependencyWarnings(chart: ChartPackage, { urls, dependencies: told = [] }: SourceEntry, homes: FormerHomes): Note[] {
  if (chart.kind !== "assemble") return [];
  const inner = (chart.metadata.dependencies ?? []).flatMap(({ name, repository }) =>
    repository === "" || told.some((each) => each.name === name && each.repository === repository) ? [] : [{ name, repository }],
  );
  return dependencyWarnings({ urls, dependencies: inner }, homes);
}

function sizeWarnings(chart: ChartPackage): Note[] {
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
