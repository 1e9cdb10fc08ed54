import type { StoredManifest } from "../content.ts";
import type { Digest } from "../digest.ts";
import { ChartferryError, isChartferryError } from "../errors.ts";
import { chartInManifest } from "../manifest/chart-in-manifest.ts";
import { buildChartManifest } from "../manifest/build-manifest.ts";
import type { Note } from "../note.ts";
import { provenanceDoubt } from "../source/provenance-policy.ts";
import type { ChartStore } from "../store/chart-store.ts";
import type { AssembledPackage, ChartPackage, VerbatimPackage } from "./chart-package.ts";
import type { ExistingAnswer, ExistingPolicy } from "./check-existing.ts";
import { decideTags, type SkippedChart } from "./decide-tags.ts";
import { repairBlobs } from "./repair-blobs.ts";
import { storeBlobs } from "./store-blobs.ts";

export interface CopyOptions {
  readonly signal?: AbortSignal | undefined;
  /** Every tag that must name the manifest in the end. */
  readonly tags: readonly [string, ...string[]];
  readonly existing: ExistingPolicy;
  /** Whether the target lists the tags; undefined = unknown. */
  readonly listed?: boolean | undefined;
  /** What `checkExisting` answered a moment ago, by tag: these are not asked again. */
  readonly checked?: ReadonlyMap<string, ExistingAnswer> | undefined;
}

export interface CopyOutcome {
  readonly status: "pushed" | "skipped";
  readonly reason: string;
  readonly manifestDigest: Digest;
  /** Of the chart that stands under the tags now; undefined where nobody looked, or it is none. */
  readonly layerDigest: Digest | undefined;
  /** What stands there was sent, or compared with what would have been. `false` = it was left there unseen, as `trust` does. */
  readonly proved: boolean;
  /** Of what stands under the tags now: the digest of its provenance; `false` = it has none, undefined where nobody looked. */
  readonly provenance: Digest | false | undefined;
  /** Bytes of the blobs and the manifest that make up the chart, sent or found there. */
  readonly bytes: number;
  readonly notes: readonly Note[];
}

/**
 * Moves one package into one repository: blobs, then the manifest, then what is attached to it, its tags last.
 * Push, pull, publish, migrate and copy are all this verb with different ends.
 */
export async function copyChart(source: ChartPackage, target: ChartStore, options: CopyOptions): Promise<CopyOutcome> {
  const plan = source.kind === "assemble" ? assembled(source) : verbatim(source);
  const facts = {
    manifestDigest: plan.manifest.digest,
    layerDigest: plan.layerDigest,
    proved: true,
    provenance: plan.provenance,
    bytes: plan.bytes,
    notes: source.notes,
  };
  const { write, skip, complete } = await decideTags(target, plan, options);
  if (skip !== undefined && (await isRepaired(target, { plan, skip }, options))) return { ...facts, status: "pushed", reason: "repaired" };
  if (skip !== undefined) return { ...facts, status: "skipped", ...skip, provenance: provenanceOf(skip, plan) };
  await storeContent(target, plan, options);
  const outcomes: (boolean | SkippedChart)[] = [];
  for (const tag of write) outcomes.push(await putTag(target, { tag, plan }, options));
  if (complete === true || outcomes.includes(true)) return { ...facts, status: "pushed", reason: "copied" };
  const found = outcomes.find((outcome) => typeof outcome === "object");
  if (found === undefined) return { ...facts, status: "skipped", reason: "identical" };
  return { ...facts, status: "skipped", ...found, provenance: provenanceOf(found, plan) };
}

/** Who says `overwrite` wants what he brings to stand there: that the manifest does is not enough. */
async function isRepaired(
  target: ChartStore,
  { plan, skip }: { readonly plan: CopyPlan; readonly skip: SkippedChart },
  options: CopyOptions,
): Promise<boolean> {
  const isAsked = options.existing === "overwrite" && skip.manifestDigest === plan.manifest.digest;
  return isAsked && repairBlobs(target, plan.blobs, options);
}

/** Another manifest than ours may have another provenance. */
function provenanceOf({ manifestDigest }: SkippedChart, { manifest, provenance }: CopyPlan): CopyPlan["provenance"] | undefined {
  return manifestDigest === manifest.digest ? provenance : undefined;
}

/** Somebody else may have pushed while our manifest was held back for longer than this. Milliseconds. */
const lookAgainAfterMs = 60_000;

/** Everything but the tags. Where something is attached, the manifest must be there first, by its digest. */
async function storeContent(target: ChartStore, plan: CopyPlan, options: CopyOptions): Promise<void> {
  await storeBlobs(target, plan.blobs, options);
  for (const child of plan.children) await target.putManifest(child.digest, child, options);
  if (plan.attachments.length > 0) await target.putManifest(plan.manifest.digest, plan.manifest, options);
  for (const attachment of plan.attachments) {
    await storeBlobs(target, attachment.blobs, options);
    await target.putManifest(attachment.tag ?? attachment.manifest.digest, attachment.manifest, options);
  }
}

interface CopyPlan {
  readonly manifest: StoredManifest;
  readonly children: readonly StoredManifest[];
  readonly blobs: AssembledPackage["layer"][];
  readonly attachments: VerbatimPackage["attachments"];
  readonly layerDigest: Digest | undefined;
  readonly provenance: Digest | false;
  readonly doubt?: string | undefined;
  readonly bytes: number;
}

function assembled({ layer, provenance, metadata, created, notes }: AssembledPackage): CopyPlan {
  const { config, manifest } = buildChartManifest({ metadata, layer, ...(provenance === undefined ? {} : { provenance }), created });
  const blobs = provenance === undefined ? [config, layer] : [config, layer, provenance];
  return {
    manifest,
    children: [],
    blobs,
    attachments: [],
    layerDigest: layer.digest,
    provenance: provenance?.digest ?? false,
    doubt: provenance === undefined ? provenanceDoubt(notes) : undefined,
    bytes: total(manifest, blobs),
  };
}

function verbatim({ manifest, children, blobs, attachments, layer }: VerbatimPackage): CopyPlan {
  return {
    manifest,
    children,
    blobs: [...blobs],
    attachments,
    layerDigest: layer?.digest,
    provenance: chartInManifest(manifest)?.provenance?.digest ?? false,
    bytes: total(manifest, blobs),
  };
}

function total(manifest: StoredManifest, blobs: readonly { readonly size: number }[]): number {
  return blobs.reduce((sum, blob) => sum + blob.size, manifest.bytes.byteLength);
}

function standingBefore(checked: ExistingAnswer | undefined): Digest | undefined {
  return checked?.action === "push" && checked.reason !== "absent" ? checked.manifestDigest : undefined;
}

/**
 * Registries with immutable tags refuse even the same bytes: then what stands there decides. `false` = it was there already.
 * A skip = others have put the chart there while the registry held us back.
 */
async function putTag(
  target: ChartStore,
  { tag, plan }: { readonly tag: string; readonly plan: CopyPlan },
  options: CopyOptions,
): Promise<boolean | SkippedChart> {
  const { signal } = options;
  let found: SkippedChart | undefined;
  const whenHeld = async (milliseconds: number): Promise<void> => {
    if (milliseconds < lookAgainAfterMs) return;
    const { skip } = await decideTags(target, plan, { tags: [tag], existing: options.existing, signal });
    // What was to be completed or replaced still stands there: nobody came.
    found = skip?.manifestDigest === standingBefore(options.checked?.get(tag)) ? undefined : skip;
    if (found !== undefined)
      throw new ChartferryError("the chart has come meanwhile", { code: "already-exists", operation: "push manifest" });
  };
  try {
    await target.putManifest(tag, plan.manifest, { signal, whenHeld });
    return true;
  } catch (error) {
    if (found !== undefined) return found;
    if (!isChartferryError(error, "tag-immutable", "denied")) throw error;
    // The refusal is what the user must see, not that looking after it failed too.
    const standing = await target.resolve(tag, options).catch(() => undefined);
    if (standing?.digest === plan.manifest.digest) return false;
    throw error;
  }
}
