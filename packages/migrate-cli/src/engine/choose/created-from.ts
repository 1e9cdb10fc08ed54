import { ChartferryError, type Connection, type CreatedPolicy, standingCreated, tagOf } from "@chartferry/core";

import { mapEntry, nameRefusal, type Refusal } from "./map-entry.ts";
import type { Mapping } from "./mapping.ts";

export interface CreatedFromOptions {
  /** Where the charts stand already: one of the targets, or another place. */
  readonly connection: Pick<Connection, "openStore" | "nameProblems">;
  readonly namespace: string;
  /** The run's own: the charts are looked for where they would be put. */
  readonly mapping: Mapping;
}

export type CreatedFrom = NonNullable<CreatedPolicy["keptFor"]>;

/**
 * `--created-from`: the text of `created` where the same chart layer already stands; part of a source's `created` policy. One manifest GET
 * a chart that is downloaded; a version whose `v` is cut off is looked for with it as well. What keeps the place from answering fails
 * the version: another `created` than the last time would be another digest.
 */
export function createCreatedFrom({ connection, namespace, mapping }: CreatedFromOptions): CreatedFrom {
  return async ({ chart, version, layerDigest, signal }) => {
    const place = mapEntry(mapping, { chart, version }, { namespace });
    const refusal = "tags" in place ? nameRefusal(connection, place.repository) : place;
    if (refusal !== undefined || !("tags" in place)) throw notTaken(refusal ?? {});
    const store = await connection.openStore(place.repository);
    for (const tag of new Set([...place.tags, tagOf(version)])) {
      const manifest = await store.fetchManifest(tag, { signal });
      const created = manifest === undefined ? undefined : standingCreated(manifest, layerDigest);
      if (created !== undefined) return created;
    }
    return undefined;
  };
}

/** Nothing can stand there under such a name: to go on without would be to take another `created` in silence. */
function notTaken({ message = "" }: Refusal): ChartferryError {
  return new ChartferryError(`the place of --created-from takes no such name: ${message}`, {
    code: "name-invalid",
    operation: "read created",
    hint: "name another place with --created-from, or leave the version out with --exclude",
  });
}
