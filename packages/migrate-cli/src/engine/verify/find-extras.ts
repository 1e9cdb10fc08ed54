import { type CallOptions, type ChartferryError, isAttachmentTag, isChartferryError, type Note, versionOf } from "@chartferry/core";

import type { MigrationTarget } from "../migrate-options.ts";
import type { VersionRecord } from "../work-item.ts";
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

/** Tags at the targets that the source does not account for. Signatures and other attachments belong to what they are attached to. */
export async function* findExtras(options: ExtraOptions): AsyncGenerator<VersionRecord | Note, void, undefined> {
  for (const listed of options.kept.listed()) yield* extraTags(listed, options.known, "extra-tag");
  if (options.kept.unlisted > 0) {
    const text = `${options.kept.unlisted} repositories cannot be listed: whether they hold versions that the source has not is not known`;
    yield { code: "extras-unknown", text };
  }
  if (!options.repositories) return;
  for (const target of options.targets) {
    const failure = options.givenUp.get(target.id);
    if (failure === undefined) yield* extraRepositories(target, options);
    else yield unlisted(target, `was not asked which other repositories it has (${failure.code}): what they hold is not known`);
  }
}

function unlisted({ id }: MigrationTarget, why: string): Note {
  return { code: "extra-repositories-unknown", text: `${id} ${why}` };
}

/** A right to pull need not include the right to list the registry, and not every registry lists at all. */
async function* extraRepositories(target: MigrationTarget, options: ExtraOptions): AsyncGenerator<VersionRecord | Note, void, undefined> {
  const { connection, namespace, id } = target;
  const { known, signal } = options;
  try {
    for await (const repository of connection.repositories(namespace, { signal })) {
      if (repository === namespace || known.hasRepository(id, repository)) continue;
      const store = await connection.openStore(repository);
      for await (const tag of store.tags({ signal })) yield* extraTags({ target: id, repository, tags: [tag] }, known, "extra-repository");
    }
  } catch (error) {
    if (!isChartferryError(error) || error.code === "aborted") throw error;
    yield unlisted(target, `does not list its repositories (${error.code}): only those of the source's charts were looked through`);
  }
}

function* extraTags({ target, repository, tags }: ListedTags, known: SourceTags, finding: Finding): Generator<VersionRecord> {
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
