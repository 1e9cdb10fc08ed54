import {
  checkExisting,
  requireSameChart,
  type ChartStore,
  type ExistingAnswer,
  type ExistingCheck,
  type ExistingSkip,
} from "@chartferry/core";

/** What `checkExisting` said of each tag of a version. */
export type TagAnswers = ReadonlyMap<string, ExistingAnswer>;

export interface TagQuestion extends Omit<ExistingCheck, "tag" | "listed"> {
  readonly tags: readonly [string, ...string[]];
  readonly isListed: (tag: string) => boolean | undefined;
}

type Call = { readonly signal?: AbortSignal | undefined };

/** Asks for one tag after the other. @throws conflict, already-exists, not-a-chart */
export async function checkTags(store: ChartStore, { tags, isListed, ...check }: TagQuestion, call: Call): Promise<TagAnswers> {
  const answers = new Map<string, ExistingAnswer>();
  for (const tag of tags) answers.set(tag, await checkExisting(store, { ...check, tag, listed: isListed(tag) }, call));
  return answers;
}

/** The source has nothing to complete them with: what stands without provenance stays as it is. */
export function keepIncomplete(answers: TagAnswers): TagAnswers {
  return new Map(
    [...answers].map(([tag, answer]) => {
      if (answer.reason !== "without-provenance") return [tag, answer];
      return [tag, { action: "skip", reason: answer.otherwise, manifestDigest: answer.manifestDigest }];
    }),
  );
}

/** Where the version stands under some of its tags, and the others are free. */
export interface Standing {
  readonly tag: string;
  readonly answer: ExistingSkip;
  readonly missing: readonly string[];
}

/** `undefined` = the chart itself must travel. */
export function standingOf(answers: TagAnswers): Standing | undefined {
  const missing: string[] = [];
  let standing: Pick<Standing, "tag" | "answer"> | undefined;
  for (const [tag, answer] of answers) {
    if (answer.action === "skip") standing ??= { tag, answer };
    else if (answer.reason === "absent") missing.push(tag);
    else return undefined;
  }
  return standing === undefined ? undefined : { ...standing, missing };
}

export interface Completion extends Standing {
  /** Of the source's chart; undefined where it declares none. */
  readonly layerDigest: string | undefined;
}

/**
 * Puts the manifest that stands under one tag under the others as well: nothing is downloaded. What may stay unseen is looked at all the same
 * before it gets another tag. `undefined` = it is gone by now. @throws conflict, not-a-chart
 */
export async function completeTags(
  store: ChartStore,
  { tag, answer, missing, layerDigest }: Completion,
  call: Call,
): Promise<string | undefined> {
  const manifest = await store.fetchManifest(answer.manifestDigest ?? tag, call);
  if (manifest === undefined) return undefined;
  requireSameChart(store, { tag, manifest, layerDigest });
  for (const other of missing) await store.putManifest(other, manifest, call);
  return manifest.digest;
}
