import type { ChartSource, SourceEntry } from "@chartferry/core";

import { createHashSet } from "../tables/hash-set.ts";
import { hashText } from "../tables/hash-text.ts";
import { mapEntry } from "../choose/map-entry.ts";
import type { Mapping } from "../choose/mapping.ts";
import type { MigrationTarget } from "../migrate-options.ts";

/** Which repositories and tags the source accounts for at each target, what was not selected included. */
export interface SourceTags {
  /** The same source; every entry that it gives is remembered. */
  readonly source: ChartSource;
  hasRepository(target: string, repository: string): boolean;
  hasTag(target: string, repository: string, tag: string): boolean;
}

export function watchSource(source: ChartSource, mapping: Mapping, targets: readonly MigrationTarget[]): SourceTags {
  const seen = createHashSet();
  const remember = (entry: Pick<SourceEntry, "chart" | "version">): void => {
    for (const target of targets) {
      const mapped = mapEntry(mapping, entry, target);
      if (!("tags" in mapped)) continue;
      seen.add(hashText(`${target.id}\n${mapped.repository}`));
      for (const tag of mapped.tags) seen.add(hashText(`${target.id}\n${mapped.repository}\n${tag}`));
    }
  };
  return {
    source: {
      ...source,
      async *versions(options) {
        for await (const item of source.versions(options)) {
          remember(item.kind === "entry" ? item.entry : item.problem);
          yield item;
        }
      },
    },
    hasRepository: (target, repository) => seen.has(hashText(`${target}\n${repository}`)),
    hasTag: (target, repository, tag) => seen.has(hashText(`${target}\n${repository}\n${tag}`)),
  };
}
