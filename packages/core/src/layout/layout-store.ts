import { ChartferryError } from "../errors.ts";
import { isDigest, verifiedStream, type Digest } from "../digest.ts";
import type { BlobContent, Descriptor } from "../content.ts";
import type { ChartStore } from "../store/chart-store.ts";
import { blobSize, openBlob, readRange, removeBlobFile, writeBlob } from "./blob-files.ts";
import { writing } from "./file-errors.ts";
import { linkBlob } from "./link-blob.ts";
import { scratchName } from "./layout-context.ts";
import { isTag } from "../reference/chart-tag.ts";
import { refresh, writableJournal, type LayoutRepository } from "./layout-repository.ts";
import type { LayoutTree } from "./layout-tree.ts";
import { readManifest, removeManifest, removeTag, resolveManifest, storeManifest } from "./manifest-files.ts";
import { referrersOf } from "./referrer-lists.ts";

/** Stores a blob whose bytes are checked on the way. @throws digest-mismatch, size-mismatch, read-only, file-unwritable */
export async function storeBlob(repository: LayoutRepository, content: BlobContent, signal?: AbortSignal): Promise<void> {
  await writableJournal(repository, "push blob");
  const { durability } = repository.context;
  const options = { temporary: scratchName(repository.context), durability, signal };
  await writing(repository.directory, "push blob", () => writeBlob(repository.directory, content, options));
}

/** Takes a blob over from another repository of the tree, without copying where the file system allows. `false` = not there, or damaged. */
export async function mountBlob(repository: LayoutRepository, from: LayoutRepository, digest: Digest): Promise<boolean> {
  if ((await blobSize(from.directory, digest)) === undefined) return false;
  await writableJournal(repository, "mount blob");
  const options = { temporary: scratchName(repository.context), durability: repository.context.durability, digest };
  return writing(repository.directory, "mount blob", () => linkBlob(from.directory, repository.directory, options));
}

/** Removes a blob that is no manifest of the repository. `false` = it was not there. */
export async function removeBlob(repository: LayoutRepository, digest: Digest): Promise<boolean> {
  if (repository.state.manifests.has(digest) || !repository.exists) return false;
  const journal = await writableJournal(repository, "delete blob");
  // A manifest in the log whose blob is gone would be taken for one that a power cut spoiled.
  await journal.settle();
  return writing(repository.directory, "delete blob", () => removeBlobFile(repository.directory, digest));
}

async function* readBlob(repository: LayoutRepository, descriptor: Descriptor): AsyncGenerator<Uint8Array, void, undefined> {
  const found = await openBlob(repository.directory, descriptor.digest);
  if (found === undefined) {
    throw new ChartferryError(`there is no blob ${descriptor.digest}`, {
      code: "blob-unknown",
      operation: "fetch blob",
      registry: repository.context.root,
      repository: repository.name,
    });
  }
  const chunks = readRange(found.handle, 0, found.size);
  yield* verifiedStream(chunks, { digest: descriptor.digest, size: descriptor.size, operation: "fetch blob" });
}

/** Tags at one time; the list itself is not copied whole. */
const tagPageSize = 1000;

async function* allTags(repository: LayoutRepository): AsyncGenerator<string, void, undefined> {
  await refresh(repository);
  let last: string | undefined;
  for (let more = true; more;) {
    const page = repository.state.tagNames.page(last, tagPageSize);
    yield* page.names;
    last = page.names.at(-1);
    more = page.more;
  }
}

/** One repository of a tree as a store. The tree's owner closes it. @throws name-invalid, layout-invalid, layout-locked */
export async function openLayoutStore(tree: LayoutTree, name: string): Promise<ChartStore> {
  const repository = await tree.openRepository(name);
  return {
    registry: tree.directory,
    repository: name,
    resolve: (reference) => resolveManifest(repository, reference),
    fetchManifest: (reference) => readManifest(repository, reference),
    async putManifest(reference, manifest) {
      requireReference(reference, manifest.digest);
      await storeManifest(repository, manifest, { tags: isDigest(reference) ? [] : [reference] });
    },
    async findBlob(digest) {
      const size = await blobSize(repository.directory, digest);
      return size === undefined ? undefined : { size };
    },
    fetchBlob: (descriptor) => readBlob(repository, descriptor),
    putBlob: (content, options) => storeBlob(repository, content, options?.signal),
    async mountBlob({ digest, size }, from) {
      const source = await tree.openRepository(from);
      // Where it was cut off, its bytes are asked for, which brings back the target's as well.
      return (await blobSize(source.directory, digest)) === size && mountBlob(repository, source, digest);
    },
    tags: () => allTags(repository),
    async *referrers(digest) {
      await refresh(repository);
      yield* referrersOf(repository, digest);
    },
    deleteManifest: (reference) => (isDigest(reference) ? removeManifest(repository, reference) : removeTag(repository, reference)),
  };
}

/** @throws reference-invalid, digest-mismatch */
function requireReference(reference: string, digest: Digest): void {
  if (reference === digest || isTag(reference)) return;
  throw new ChartferryError(`${JSON.stringify(reference.slice(0, 160))} is neither a tag nor the manifest's digest`, {
    code: isDigest(reference) ? "digest-mismatch" : "reference-invalid",
    operation: "push manifest",
  });
}
