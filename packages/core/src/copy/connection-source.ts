import { ChartferryError } from "../errors.ts";
import { versionOf } from "../reference/chart-tag.ts";
import type { ChartSource, SourceEntry, SourceItem, SourceOptions } from "../source/chart-source.ts";
import type { ChartStore } from "../store/chart-store.ts";
import type { Connection } from "../store/connection.ts";
import { readVerbatimPackage } from "./read-verbatim-package.ts";

export interface ConnectionSourceOptions {
  readonly connection: Connection;
  /** Namespace whose repositories are charts; empty = all. A path that is itself a chart's repository counts too. */
  readonly prefix: string;
  /** `oci://host` or `oci-layout:DIR`, in front of the repository in urls and messages. */
  readonly scheme: "oci://" | "oci-layout:";
}

/** Charts that already stand in a registry or in image layouts: they travel byte by byte, with what is attached to them. */
export function createConnectionSource({ connection, prefix, scheme }: ConnectionSourceOptions): ChartSource {
  const base = `${scheme}${connection.registry}`;
  const open = (repository: string): Promise<ChartStore> => connection.openStore(repository);
  return {
    id: prefix === "" ? base : `${base}/${prefix}`,
    versions: (options) => versions(connection, { prefix, base }, options),
    open: async (entry, options) => {
      const place = placeOf(entry, base);
      return readVerbatimPackage(await open(place.repository), place.tag, options);
    },
    close: () => connection.close(),
  };
}

async function* versions(
  connection: Connection,
  { prefix, base }: { readonly prefix: string; readonly base: string },
  options: SourceOptions = {},
): AsyncGenerator<SourceItem, void, undefined> {
  for await (const repository of connection.repositories(prefix, options)) {
    const store = await connection.openStore(repository);
    for await (const tag of store.tags(options)) {
      if (isAttachmentTag(tag)) continue;
      yield {
        kind: "entry",
        entry: { chart: lastPart(repository), version: versionOf(tag), urls: [`${base}/${repository}:${tag}`], notes: [] },
      };
    }
  }
}

/** `sha256-<hex>` and cosign's `sha256-<hex>.sig` name what is attached to a manifest, not a version. */
export function isAttachmentTag(tag: string): boolean {
  return /^sha(256|512)-[0-9a-f]{64,128}(\.[a-z]+)?$/.test(tag);
}

function lastPart(repository: string): string {
  return repository.slice(repository.lastIndexOf("/") + 1);
}

function placeOf(entry: SourceEntry, base: string): { repository: string; tag: string } {
  const url = entry.urls[0] ?? "";
  const colon = url.lastIndexOf(":");
  if (!url.startsWith(`${base}/`) || colon < base.length) {
    throw new ChartferryError(`${entry.chart} ${entry.version} is not of this source`, { code: "entry-invalid", operation: "open chart" });
  }
  return { repository: url.slice(base.length + 1, colon), tag: url.slice(colon + 1) };
}
