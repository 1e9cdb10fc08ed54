import { openStandingChart } from "../copy/open-chart.ts";
import { tagOf } from "../reference/chart-tag.ts";
import { parseReference } from "../reference/parse-reference.ts";
import type { Reference } from "../reference/parse-reference.ts";
import type { ChartStore } from "../store/chart-store.ts";
import type { SourceEntry } from "./chart-source.ts";
import type { ProvenanceFinding } from "./provenance-policy.ts";
import { failedToLook, provenanceLimit } from "./provenance-policy.ts";
import { receiveContent } from "./received-content.ts";
import type { ReceivedContent, ReceiveOptions } from "./received-content.ts";

/** Opens the repository that an `oci://` url of an index names; the credentials of the source's own origin are not meant for it. */
export type OpenRegistry = (reference: Reference) => Promise<ChartStore>;

export interface RegistryChart {
  readonly layer: ReceivedContent;
  readonly provenance: () => Promise<ProvenanceFinding>;
}

/** The chart layer behind an `oci://` url; its manifest is not taken over. A url without tag means the entry's version. */
export async function fetchChartFromRegistry(
  openRegistry: OpenRegistry,
  from: { readonly url: string; readonly entry: SourceEntry },
  options: ReceiveOptions,
): Promise<RegistryChart> {
  const reference = parseReference(from.url);
  const store = await openRegistry(reference);
  const call = { signal: options.signal };
  const standing = await openStandingChart(store, reference.digest ?? reference.tag ?? tagOf(from.entry.version), call);
  // Without a digest in the index the registry's own address of the layer is what its bytes are checked against.
  const expectedDigest = options.expectedDigest ?? standing.chart.digest;
  const layer = await receiveContent(store.fetchBlob(standing.chart, call), { ...options, expectedDigest });
  return { layer, provenance: async () => fetchProvenance(store, standing.provenance, options.signal) };
}

type Standing = Awaited<ReturnType<typeof openStandingChart>>;

/** The provenance layer's bytes. */
export async function fetchProvenance(
  store: ChartStore,
  descriptor: Standing["provenance"],
  signal: AbortSignal | undefined,
): Promise<ProvenanceFinding> {
  if (descriptor === undefined) return { kind: "absent" };
  try {
    const content = await receiveContent(store.fetchBlob(descriptor, { signal }), {
      sizeLimit: provenanceLimit,
      operation: "fetch provenance",
      signal,
    });
    return { kind: "bytes", bytes: content.bytes ?? new Uint8Array() };
  } catch (error) {
    return failedToLook(error, signal);
  }
}
