import { provenanceNotes } from "../chart/provenance.ts";
import { readChart } from "../chart/read-chart.ts";
import type { LoadedChart } from "../chart/read-chart.ts";
import type { AssembledPackage } from "../copy/chart-package.ts";
import { ChartferryError } from "../errors.ts";
import { chooseCreated } from "../manifest/created.ts";
import type { Created } from "../manifest/created.ts";
import type { Note } from "../note.ts";
import type { SourceEntry } from "./chart-source.ts";
import { checkIdentity } from "./check-identity.ts";
import { describeBytes, isGzip } from "./describe-bytes.ts";
import type { ProvenanceFinding, ProvenancePolicy } from "./provenance-policy.ts";
import { applyProvenancePolicy } from "./provenance-policy.ts";
import type { ReceivedContent } from "./received-content.ts";

/** Where `created` comes from; see `chooseCreated` for the order. All left out: the index entry, else the archive. */
export interface CreatedPolicy {
  /** `--created`. */
  readonly explicit?: string | undefined;
  /** The environment's SOURCE_DATE_EPOCH. */
  readonly sourceDateEpoch?: string | undefined;
  /** The file's own modification time counts, as for Helm; over http there is none. */
  readonly helmCompatible?: boolean | undefined;
  /** `--created-from`: the text that stands where the same chart layer already is. */
  readonly keptFor?: ((chart: CreatedQuestion) => Promise<string | undefined>) | undefined;
}

export interface CreatedQuestion {
  /** Name and version as the source gives them, or the archive of a file that speaks for itself. */
  readonly chart: string;
  readonly version: string;
  readonly layerDigest: string;
  readonly signal?: AbortSignal | undefined;
}

export interface AssembleOptions {
  readonly created?: CreatedPolicy | undefined;
  /** Default: `auto`. */
  readonly provenance?: ProvenancePolicy | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ChartMaterial {
  readonly layer: ReceivedContent;
  /** Where it was found, for messages. */
  readonly place: string;
  readonly findProvenance: () => Promise<ProvenanceFinding>;
  /** What the chart must be; absent for a file that speaks for itself. */
  readonly entry?: SourceEntry | undefined;
  /** A digest was given for the bytes, and they have it. */
  readonly vouched?: boolean | undefined;
  /** Seconds since 1970: the modification time of a file. */
  readonly fileModified?: number | undefined;
  readonly notes: readonly Note[];
}

/** Makes the package of received bytes: metadata, identity, provenance, `created`. The bytes are released when it fails. */
export async function assemblePackage(material: ChartMaterial, options: AssembleOptions = {}): Promise<AssembledPackage> {
  const { layer, entry } = material;
  try {
    const chart = await readReceived(material, options.signal);
    if (material.vouched !== true) refuseCut(chart);
    const identity = entry === undefined ? [] : checkIdentity(chart.metadata, entry);
    const provenance = await provenanceOf(material, chart, options.provenance ?? "auto");
    const created = await createdOf(material, chart, options);
    return {
      kind: "assemble",
      layer,
      ...provenance,
      metadata: chart.metadata,
      created: created.created,
      notes: [...material.notes, ...identity, ...chart.notes, ...provenance.notes, ...created.notes],
      release: () => layer.release(),
    };
  } catch (error) {
    await layer.release();
    throw error;
  }
}

/** A body that broke off is no chart, and would stand in the registry for good; what a digest vouches for is what its author published. @throws archive-invalid */
export function refuseCut({ cut, metadata }: Pick<LoadedChart, "cut" | "metadata">): void {
  if (cut === undefined) return;
  throw new ChartferryError("the archive ends too early: it was cut off on its way or where it was stored, and no digest vouches for it", {
    code: "archive-invalid",
    operation: "read chart archive",
    repository: metadata.name,
    version: metadata.version,
    hint: "Fetch it again, or have it packaged again by its author",
  });
}

async function readReceived({ layer, place }: ChartMaterial, signal: AbortSignal | undefined): Promise<LoadedChart> {
  if (!isGzip(layer.head)) {
    throw new ChartferryError(`the file is no gzip archive: it is ${describeBytes(layer.head).words}`, {
      code: "archive-invalid",
      operation: "read chart archive",
      hint: /^https?:/i.test(place) ? "Look at what the url answers: it may be an error page" : "Build the archive with helm package",
    });
  }
  return readChart(layer.bytes ?? layer.open(signal));
}

async function provenanceOf(
  { layer, place, findProvenance, entry }: ChartMaterial,
  { metadata }: LoadedChart,
  policy: ProvenancePolicy,
): Promise<Pick<AssembledPackage, "provenance" | "signedFiles" | "notes">> {
  if (policy === "skip") return { notes: [] };
  const { provenance, notes } = applyProvenancePolicy(await findProvenance(), policy, `${place}.prov`);
  if (provenance === undefined) return { notes };
  // The file name that `helm pull` will write, and look up in the provenance: the tag goes by the entry.
  const file = `${entry?.chart ?? metadata.name}-${entry?.version ?? metadata.version}.tgz`;
  const matched = provenanceNotes(provenance.signed, { file, digest: layer.digest });
  return { provenance: provenance.content, signedFiles: [...provenance.signed.files.keys()], notes: [...notes, ...matched] };
}

async function createdOf({ layer, entry, fileModified }: ChartMaterial, chart: LoadedChart, options: AssembleOptions): Promise<Created> {
  const { explicit, sourceDateEpoch, helmCompatible, keptFor } = options.created ?? {};
  const { name, version } = chart.metadata;
  const asked = { chart: entry?.chart ?? name, version: entry?.version ?? version, layerDigest: layer.digest, signal: options.signal };
  const kept = await keptFor?.(asked);
  return chooseCreated({
    kept,
    explicit,
    sourceDateEpoch,
    fileModified: helmCompatible === true ? fileModified : undefined,
    indexCreated: entry?.created,
    chartYamlTime: chart.chartYamlTime,
  });
}
