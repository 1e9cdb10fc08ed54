import type { StoredManifest } from "../content.ts";
import type { Digest } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import { chartInManifest } from "../manifest/chart-in-manifest.ts";
import type { ChartParts } from "../manifest/chart-parts.ts";
import { describeManifest } from "../manifest/describe-manifest.ts";
import type { CallOptions, ManifestReader, ManifestResolver } from "../store/chart-store.ts";

/** What to do with a tag that is already at the target. Product promise: a HEAD a version with a record, one manifest GET without. */
export type ExistingPolicy = "verify" | "trust" | "overwrite" | "fail";

export interface ExistingCheck {
  readonly tag: string;
  readonly existing: ExistingPolicy;
  /** Whether the target's tag list names the tag; undefined = not listed yet, or the list is old. */
  readonly listed: boolean | undefined;
  /** Digest of the chart layer as the source declares it; undefined where it declares none. */
  readonly layerDigest?: Digest | undefined;
  /** Manifest digest that an earlier run left under this tag. A cache, never a proof: the tag is asked all the same. */
  readonly recordedDigest?: Digest | undefined;
  /** Look into the manifest of a chart that may stay, and tell where it has no provenance: one manifest GET, whatever is known. */
  readonly seekProvenance?: boolean | undefined;
  /** The recorded manifest has a provenance: where it still stands there is none to be sought, and a HEAD tells. */
  readonly recordedSigned?: boolean | undefined;
}

export type ExistingAnswer =
  | { readonly action: "push"; readonly reason: "absent" }
  /** Known only after the download: `copyChart` compares what stands there with what came. */
  | {
      readonly action: "push";
      readonly reason: "overwrite" | "unknown-layer";
      readonly manifestDigest: Digest;
      readonly standingLayer: Digest;
      /** Provenance was sought, and is not there. */
      readonly incomplete?: true;
      /** What would be replaced has a provenance. */
      readonly standingSigned?: true;
    }
  /** The chart may stay, unless the source has a provenance to complete it with. */
  | {
      readonly action: "push";
      readonly reason: "without-provenance";
      readonly manifestDigest: Digest;
      readonly standingLayer: Digest;
      readonly incomplete: true;
      /** Why it stays if the source has none. */
      readonly otherwise: ExistingSkip["reason"];
    }
  | ExistingSkip;

export type ExistingSkip =
  /** The tag is there, and whatever it names was not compared with the source: nothing is known of its chart. */
  | { readonly action: "skip"; readonly reason: "listed"; readonly manifestDigest?: Digest }
  | {
      readonly action: "skip";
      readonly reason: "unchanged" | "same-chart";
      readonly manifestDigest: Digest;
      /** Of what stands there; `false` = it has none, undefined where its manifest was not read. */
      readonly provenance?: Digest | false;
    };

interface StorePlace {
  readonly registry: string;
  readonly repository: string;
}

type ExistingStore = ManifestReader & ManifestResolver & StorePlace;

/**
 * Decides from the target alone, before any download, whether a version must travel.
 * @throws conflict (another chart stands there), already-exists (policy `fail`), not-a-chart (a container image stands there, say)
 */
export async function checkExisting(store: ExistingStore, check: ExistingCheck, options: CallOptions = {}): Promise<ExistingAnswer> {
  if (check.listed === false) return { action: "push", reason: "absent" };
  if (check.seekProvenance === true && check.recordedSigned !== true) return compare(store, check, options);
  if (isTrusted(check)) return { action: "skip", reason: "listed" };
  if (check.recordedDigest !== undefined) {
    const standing = await store.resolve(check.tag, options);
    if (standing === undefined) return { action: "push", reason: "absent" };
    if (standing.digest === check.recordedDigest) return { action: "skip", reason: "unchanged", manifestDigest: standing.digest };
  }
  return compare(store, check, options);
}

function isTrusted({ existing, listed, seekProvenance }: ExistingCheck): boolean {
  return existing === "trust" && listed === true && seekProvenance !== true;
}

async function compare(store: ExistingStore, check: ExistingCheck, options: CallOptions): Promise<ExistingAnswer> {
  const manifest = await store.fetchManifest(check.tag, options);
  if (manifest === undefined) return { action: "push", reason: "absent" };
  const { digest: manifestDigest } = manifest;
  const chart = chartInManifest(manifest);
  const answer = withProvenance(judge(store, check, { manifest, chart }), chart);
  if (check.seekProvenance !== true || chart === undefined || chart.provenance !== undefined) return answer;
  if (answer.action === "push") return { ...answer, incomplete: true };
  return mayBeCompleted(check, answer, { manifestDigest, standingLayer: chart.layer.digest });
}

/** What was read is told on: a later run then knows it. */
function withProvenance(answer: Judgement, chart: ChartParts | undefined): Judgement {
  if (answer.action === "push" || answer.reason === "listed" || chart === undefined) return answer;
  return { ...answer, provenance: chart.provenance?.digest ?? false };
}

/** What stands without provenance and may stay: only what may be the source's chart is completed. */
function mayBeCompleted(
  { layerDigest }: ExistingCheck,
  answer: ExistingSkip,
  standing: { readonly manifestDigest: Digest; readonly standingLayer: Digest },
): ExistingAnswer {
  if (layerDigest !== undefined && layerDigest !== standing.standingLayer) return answer;
  const otherwise = layerDigest === undefined ? answer.reason : "same-chart";
  return { action: "push", reason: "without-provenance", ...standing, incomplete: true, otherwise };
}

type Judgement = Exclude<ExistingAnswer, { readonly reason: "absent" | "without-provenance" }>;

interface Standing {
  readonly manifest: StoredManifest;
  /** Absent where it is no chart. */
  readonly chart: ChartParts | undefined;
}

function judge(store: ExistingStore, check: ExistingCheck, { manifest, chart }: Standing): Judgement {
  const manifestDigest = manifest.digest;
  const place = { registry: store.registry, repository: store.repository, tag: check.tag };
  if (check.existing === "trust") return { action: "skip", reason: "listed", manifestDigest };
  if (check.recordedDigest === manifestDigest) return { action: "skip", reason: "unchanged", manifestDigest };
  if (check.existing === "fail") throw refusal(place, "already-exists");
  if (chart === undefined) throw refusal(place, "not-a-chart", `, but ${describeManifest(manifest)}`);
  const standing = { manifestDigest, standingLayer: chart.layer.digest, ...(chart.provenance && { standingSigned: true as const }) };
  if (check.existing === "overwrite") return { action: "push", reason: "overwrite", ...standing };
  if (check.layerDigest === undefined) return { action: "push", reason: "unknown-layer", ...standing };
  if (chart.layer.digest === check.layerDigest) return { action: "skip", reason: "same-chart", manifestDigest };
  throw refusal(place, "conflict");
}

export interface StandingManifest {
  readonly tag: string;
  readonly manifest: StoredManifest;
  /** Of the chart that it should be; undefined where the source declares none. */
  readonly layerDigest: Digest | undefined;
}

/** For whoever puts what stands under one tag under another: only the source's own chart may get a further tag. @throws conflict, not-a-chart */
export function requireSameChart({ registry, repository }: StorePlace, { tag, manifest, layerDigest }: StandingManifest): void {
  const layer = chartInManifest(manifest)?.layer;
  if (layer === undefined) throw refusal({ registry, repository, tag }, "not-a-chart", `, but ${describeManifest(manifest)}`);
  if (layerDigest !== undefined && layer.digest !== layerDigest) throw refusal({ registry, repository, tag }, "conflict");
}

const refusals = {
  "already-exists": { text: "is already there", hint: "leave out --existing fail to accept what is the same chart" },
  conflict: {
    text: "holds another chart archive than the source",
    hint: "compare the two; --existing overwrite replaces what stands there, --existing trust leaves it",
  },
  "not-a-chart": { text: "is no Helm chart", hint: "it is left as it is: choose another namespace for the charts" },
} as const;

/** The error for a tag that may not be touched. `more` goes on with the sentence. */
export function refusal(place: StorePlace & { readonly tag: string }, code: keyof typeof refusals, more = ""): ChartferryError {
  const { text, hint } = refusals[code];
  return new ChartferryError(`${place.registry}/${place.repository}:${place.tag} ${text}${more}`, {
    code,
    operation: "check existing tag",
    registry: place.registry,
    repository: place.repository,
    version: place.tag,
    hint,
  });
}
