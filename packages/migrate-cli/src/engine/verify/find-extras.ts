import {
  type CallOptions,
  type ChartferryError,
  type ChartStore,
  type Connection,
  isAttachmentTag,
  isChartferryError,
  type Note,
  versionOf,
} from "@chartferry/core";

import type { MigrationTarget } from "../migrate-options.ts";
import type { VersionRecord } from "../work-item.ts";
import { type ChartLook, createChartLook } from "./chart-look.ts";
import { type Finding, findings } from "./findings.ts";
import type { ListedTags, TagKeeper } from "./listed-tags.ts";
import type { SourceTags } from "./source-tags.ts";

export interface ExtraOptions extends CallOptions {
  readonly targets: readonly MigrationTarget[];
  /** Those that nothing more is to be asked of, and why. */
  readonly givenUp: ReadonlyMap<string, ChartferryError>;
  readonly known: SourceTags;
  readonly kept: TagKeeper;
  /** Whether repositories of no chart of the source are looked for as well: not where the user named charts. */
  readonly repositories: boolean;
}

/**
 * Charts at the targets that the source does not account for. Signatures and other attachments belong to what they are attached to, and
 * container images may share repositories and namespaces with charts.
 */
export async function* findExtras(options: ExtraOptions): AsyncGenerator<VersionRecord | Note, void, undefined> {
  const look = createChartLook(options);
  yield* extrasListed(options, look);
  if (options.repositories) yield* extrasElsewhere(options, look);
  if (options.kept.unlisted === 0) return;
  const text = `${options.kept.unlisted} repositories cannot be listed: whether they hold versions that the source has not is not known`;
  yield { code: "extras-unknown", text };
}

/** In what was listed since this was asked last. */
async function* extrasListed(options: ExtraOptions, look: ChartLook): AsyncGenerator<VersionRecord, void, undefined> {
  for (const listed of options.kept.listed()) yield* extraCharts(listed, options, look);
}

async function* extrasElsewhere(options: ExtraOptions, look: ChartLook): AsyncGenerator<VersionRecord | Note, void, undefined> {
  for (const target of options.targets) {
    const failure = options.givenUp.get(target.id);
    if (failure === undefined) yield* extraRepositories(target, options, look);
    else yield unlisted(target, `was not asked which other repositories it has (${failure.code}): what they hold is not known`);
  }
}

function unlisted({ id }: MigrationTarget, why: string): Note {
  return { code: "extra-repositories-unknown", text: `${id} ${why}` };
}

/** In a repository of the source's charts, tag by tag. */
async function* extraCharts(
  listed: ListedTags,
  { known, targets, givenUp }: ExtraOptions,
  look: ChartLook,
): AsyncGenerator<VersionRecord, void, undefined> {
  const { connection } = targets.find(({ id }) => id === listed.target && !givenUp.has(id)) ?? {};
  for (const record of extraTags(listed, known, "extra-tag")) {
    const store = await connection?.openStore(listed.repository);
    if (store === undefined || (await look.mayBeChart(store, record.tag))) yield record;
  }
}

/** A right to pull need not include the right to list the registry, and not every registry lists at all. */
async function* extraRepositories(
  target: MigrationTarget,
  options: ExtraOptions,
  look: ChartLook,
): AsyncGenerator<VersionRecord | Note, void, undefined> {
  const { connection, namespace, id } = target;
  const { known, kept, signal } = options;
  try {
    for await (const repository of connection.repositories(namespace, { signal })) {
      if (repository === namespace || kept.isKept(id, repository) || isOfAnother(target, repository, options.targets)) continue;
      const store = await connection.openStore(repository);
      if (known.hasRepository(id, repository)) {
        await keepLeftOut(store, { id, repository, signal, kept });
        yield* extrasListed(options, look);
      } else yield* extrasIn(store, { id, repository, signal, look, known });
    }
  } catch (error) {
    if (!isChartferryError(error) || error.code === "aborted") throw error;
    yield unlisted(target, `does not list its repositories (${error.code}): only those of the selected charts were looked through`);
  }
}

interface LeftOut extends CallOptions, Pick<ExtraOptions, "kept"> {
  readonly id: string;
  readonly repository: string;
}

/** Of a chart of the source no version of which was selected: nobody has listed it yet. */
async function keepLeftOut(store: ChartStore, { id, repository, signal, kept }: LeftOut): Promise<void> {
  const tags = new Set<string>();
  try {
    for await (const tag of store.tags({ signal })) tags.add(tag);
    kept.keep(id, repository, tags);
  } catch (error) {
    if (!isChartferryError(error) || error.code === "aborted") throw error;
    kept.keep(id, repository, undefined);
  }
}

interface OtherRepository extends CallOptions, Pick<ExtraOptions, "known"> {
  readonly id: string;
  readonly repository: string;
  readonly look: ChartLook;
}

/** One tag tells for all of them, since there may be many: a repository of images is none of ours. */
async function* extrasIn(
  store: ChartStore,
  { id, repository, signal, look, known }: OtherRepository,
): AsyncGenerator<VersionRecord, void, undefined> {
  let isLookedAt = false;
  for await (const tag of store.tags({ signal })) {
    for (const record of extraTags({ target: id, repository, tags: [tag] }, known, "extra-repository")) {
      if (!isLookedAt && !(await look.mayBeChart(store, tag))) return;
      isLookedAt = true;
      yield record;
    }
  }
}

function place({ registry }: Connection, path: string): string {
  return path === "" ? `${registry}/` : `${registry}/${path}/`;
}

/** Whether a repository lies below another target of the run, that itself lies below this one. */
function isOfAnother({ id, connection, namespace }: MigrationTarget, repository: string, targets: readonly MigrationTarget[]): boolean {
  const own = place(connection, namespace);
  return targets.some((other) => {
    const below = place(other.connection, other.namespace);
    return other.id !== id && below !== own && below.startsWith(own) && place(connection, repository).startsWith(below);
  });
}

function* extraTags(
  { target, repository, tags }: ListedTags,
  known: SourceTags,
  finding: Finding,
): Generator<VersionRecord & { readonly tag: string }> {
  for (const tag of tags) {
    if (isAttachmentTag(tag) || known.hasTag(target, repository, tag)) continue;
    yield {
      chart: repository.slice(repository.lastIndexOf("/") + 1),
      version: versionOf(tag),
      target,
      repository,
      tag,
      status: "failed",
      reason: finding,
      message: `${target}: ${repository}:${tag} ${findings[finding].text}`,
      bytes: 0,
      attempts: 0,
      milliseconds: 0,
      notes: [],
    };
  }
}
