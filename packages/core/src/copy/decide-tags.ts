import type { StoredManifest } from "../content.ts";
import type { Digest } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import type { ChartStore } from "../store/chart-store.ts";
import { checkExisting, type ExistingAnswer, type ExistingPolicy, type ExistingSkip, refusal } from "./check-existing.ts";
import type { Attachment } from "./chart-package.ts";

export interface TagDecision {
  /** Tags that must still be written. */
  readonly write: readonly string[];
  /** The manifest stands under its tags, but something that belongs to it is missing: that is written, no tag moves. */
  readonly complete?: true;
  /** Why nothing need be written, where that is so. */
  readonly skip?: SkippedChart;
}

/** What stands at the target, as far as it was looked at. */
export interface SkippedChart {
  readonly reason: string;
  readonly manifestDigest: Digest;
  readonly layerDigest: Digest | undefined;
  /** See `CopyOutcome`. */
  readonly proved: boolean;
}

export interface WantedContent {
  readonly manifest: StoredManifest;
  readonly layerDigest: Digest | undefined;
  /** `false` = there is none. */
  readonly provenance: Digest | false;
  readonly attachments: readonly Attachment[];
  /** Why it is not known whether there is a provenance, where that is so. */
  readonly doubt?: string | undefined;
}

export interface DecisionOptions {
  readonly tags: readonly [string, ...string[]];
  readonly existing: ExistingPolicy;
  readonly listed?: boolean | undefined;
  /** By tag. */
  readonly checked?: ReadonlyMap<string, ExistingAnswer> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Which of the tags still have to be written, now that the content is known.
 * "Already there" means all of it is: the manifest under every tag, and everything attached to it.
 */
export async function decideTags(target: ChartStore, wanted: WantedContent, options: DecisionOptions): Promise<TagDecision> {
  const write: string[] = [];
  const standing: Skip[] = [];
  for (const tag of options.tags) {
    const answer = await answerFor(target, { wanted, tag }, options);
    if (answer.action === "push") write.push(tag);
    else standing.push(answer);
  }
  const [first] = standing;
  if (write.length > 0 || first === undefined) return { write };
  const skip = skipOf(first, wanted);
  // Where another manifest stands, or nobody looked, nothing is ours to complete.
  const isOurs = standing.some(({ manifestDigest }) => manifestDigest === wanted.manifest.digest);
  return !isOurs || (await allAttached(target, wanted, options)) ? { write, skip } : { write, complete: true };
}

function skipOf({ reason, manifestDigest }: Skip, { manifest, layerDigest }: WantedContent): SkippedChart {
  const proved = reason !== "listed" || manifestDigest === manifest.digest;
  return { reason, manifestDigest: manifestDigest ?? manifest.digest, layerDigest: proved ? layerDigest : undefined, proved };
}

type Skip = ExistingSkip | { readonly action: "skip"; readonly reason: "identical"; readonly manifestDigest: Digest };

type TagAnswer = { readonly action: "push"; readonly standingSigned?: true } | Skip;

interface TagQuestion {
  readonly wanted: WantedContent;
  readonly tag: string;
}

/** @throws conflict, not-a-chart, provenance-unavailable */
async function answerFor(target: ChartStore, question: TagQuestion, options: DecisionOptions): Promise<TagAnswer> {
  const { doubt } = question.wanted;
  const checked = options.checked?.get(question.tag);
  const answer = checked === undefined ? await ask(target, question, options) : afterDownload(target, { ...question, checked }, options);
  if (answer.action === "push" && answer.standingSigned === true && doubt !== undefined) throw dropsProvenance(target, question.tag, doubt);
  return answer;
}

async function ask(target: ChartStore, { wanted, tag }: TagQuestion, options: DecisionOptions): Promise<TagAnswer> {
  if (options.listed === false) return { action: "push" };
  const standing = await target.resolve(tag, options);
  if (standing === undefined) return { action: "push" };
  if (standing.digest === wanted.manifest.digest) return { action: "skip", reason: "identical", manifestDigest: standing.digest };
  return checkExisting(target, { tag, existing: options.existing, listed: undefined, layerDigest: wanted.layerDigest }, options);
}

/** What was asked before the download, compared with what the download brought. */
function afterDownload(
  target: ChartStore,
  { wanted, tag, checked }: TagQuestion & { readonly checked: ExistingAnswer },
  { existing }: DecisionOptions,
): TagAnswer {
  if (checked.action === "skip" || checked.reason === "absent") return checked;
  const { manifestDigest } = checked;
  if (manifestDigest === wanted.manifest.digest) return { action: "skip", reason: "identical", manifestDigest };
  if (checked.reason === "overwrite") return checked;
  if (checked.standingLayer !== wanted.layerDigest) {
    if (existing === "trust") return { action: "skip", reason: "listed", manifestDigest };
    throw refusal({ registry: target.registry, repository: target.repository, tag }, "conflict");
  }
  if (checked.incomplete === true && wanted.provenance !== false) return { action: "push" };
  return { action: "skip", reason: "same-chart", manifestDigest };
}

/** A signature is given up for a plain "there is none", never for an answer that may mean anything. */
function dropsProvenance({ registry, repository }: ChartStore, tag: string, doubt: string): ChartferryError {
  const text = `${registry}/${repository}:${tag} has a provenance, and whether the source has one cannot be told: ${doubt}`;
  return new ChartferryError(text, {
    code: "provenance-unavailable",
    operation: "check existing tag",
    registry,
    repository,
    version: tag,
    hint: "Run again once the source answers plainly, or use --provenance skip to leave signatures behind",
  });
}

/** A referrer that the target does not list under its subject is found by nobody. */
async function allAttached(target: ChartStore, { attachments }: WantedContent, options: DecisionOptions): Promise<boolean> {
  for (const { manifest, tag } of attachments) {
    if ((await target.resolve(tag ?? manifest.digest, options))?.digest !== manifest.digest) return false;
  }
  const subjects = new Set(attachments.flatMap(({ subject }) => subject ?? []));
  for (const subject of subjects) {
    const listed = new Set<Digest>();
    for await (const { digest } of target.referrers(subject, options)) listed.add(digest);
    if (attachments.some((each) => each.subject === subject && !listed.has(each.manifest.digest))) return false;
  }
  return true;
}
