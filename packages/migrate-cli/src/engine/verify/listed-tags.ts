import { createHashSet } from "../tables/hash-set.ts";
import { hashText } from "../tables/hash-text.ts";
import { createOverflowFile } from "../tables/overflow-file.ts";

/** Tags of one repository, or some of them. */
export interface ListedTags {
  readonly target: string;
  readonly repository: string;
  readonly tags: readonly string[];
}

/** Keeps what the targets listed on disk until the source is known to its end: then it can be told which tags are extra. */
export interface TagKeeper {
  /** Only the first listing of a repository counts. `undefined` = it cannot be listed. */
  keep(target: string, repository: string, tags: ReadonlySet<string> | undefined): void;
  /** Whether it was kept, listed or not. */
  isKept(target: string, repository: string): boolean;
  readonly unlisted: number;
  listed(): Generator<ListedTags, void, undefined>;
  close(): void;
}

/** Tags in one piece, so that a piece fits into memory whatever the repository holds. */
const pieceSize = 64;

export function createTagKeeper(): TagKeeper {
  const file = createOverflowFile<ListedTags>();
  const known = createHashSet();
  let unlisted = 0;
  return {
    keep(target, repository, tags) {
      if (!known.add(hashText(`${target}\n${repository}`))) return;
      if (tags === undefined) unlisted++;
      for (const piece of piecesOf([...(tags ?? [])])) file.add({ target, repository, tags: piece });
    },
    isKept: (target, repository) => known.has(hashText(`${target}\n${repository}`)),
    get unlisted() {
      return unlisted;
    },
    *listed() {
      for (let batch = file.takeBatch(); batch.length > 0; batch = file.takeBatch()) yield* batch;
    },
    close: () => file.close(),
  };
}

function* piecesOf(tags: readonly string[]): Generator<string[], void, undefined> {
  for (let from = 0; from < tags.length; from += pieceSize) yield tags.slice(from, from + pieceSize);
}
