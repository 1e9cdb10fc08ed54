import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { isMissing } from "../errno.ts";
import { isDigest, splitDigest, type Digest } from "../digest.ts";
import { largestManifest } from "../manifest/parse-manifest.ts";
import { blobPath, blobSize, readSmallBlob } from "./blob-files.ts";
import type { ManifestEntry } from "./index-document.ts";
import { openLayoutTree } from "./layout-tree.ts";
import { readManifestFacts } from "../manifest/manifest-facts.ts";
import { hashFile } from "./upload-sessions.ts";

export interface LayoutDamage {
  readonly repository: string;
  /** `damaged`: the bytes do not have their digest. `dangling`: an entry or manifest names what is not there. `invalid`: an entry that is no manifest. `stray`: a file among the blobs that is none. */
  readonly kind: "damaged" | "dangling" | "invalid" | "stray";
  readonly digest: Digest;
  readonly text: string;
}

export interface ScrubReport {
  readonly repositories: number;
  readonly blobs: number;
  readonly manifests: number;
  readonly tags: number;
  readonly damage: readonly LayoutDamage[];
}

/** Reads every blob below the directory and checks it, and that everything named is there. Takes no lock; an owner at work may make a dangling entry appear that is none. */
export async function scrubLayout(directory: string): Promise<ScrubReport> {
  const tree = await openLayoutTree(directory, { readOnly: true });
  const totals = { repositories: 0, blobs: 0, manifests: 0, tags: 0 };
  const damage: LayoutDamage[] = [];
  for await (const name of tree.repositories()) {
    const repository = await tree.openRepository(name);
    const report = (kind: LayoutDamage["kind"], digest: Digest, text: string): void => {
      damage.push({ repository: name, kind, digest, text });
    };
    totals.repositories += 1;
    totals.blobs += await scrubBlobs(repository.directory, report);
    for (const entry of repository.state.manifests.values()) await scrubManifest(repository.directory, entry, report);
    totals.manifests += repository.state.manifests.size;
    totals.tags += repository.state.tags.size;
    for (const [tag, digest] of repository.state.tags) {
      if (!repository.state.manifests.has(digest)) report("dangling", digest, `tag ${tag} names a manifest that is not there`);
    }
  }
  await tree.close();
  return { ...totals, damage };
}

type Report = (kind: LayoutDamage["kind"], digest: Digest, text: string) => void;

async function scrubBlobs(directory: string, report: Report): Promise<number> {
  let count = 0;
  for (const algorithm of await namesIn(join(directory, "blobs"))) {
    for (const hex of await namesIn(join(directory, "blobs", algorithm))) {
      const digest = `${algorithm}:${hex}`;
      count += 1;
      if (!isDigest(digest)) report("stray", digest, "a file among the blobs whose name is no digest");
      else if ((await digestOfFile(directory, digest)) !== digest) report("damaged", digest, "the bytes have another digest");
    }
  }
  return count;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function digestOfFile(directory: string, digest: Digest): Promise<string | undefined> {
  if ((await blobSize(directory, digest)) === undefined) return undefined;
  const { algorithm } = splitDigest(digest);
  const hash = await hashFile(blobPath(directory, digest), algorithm);
  return `${algorithm}:${hash.digest("hex")}`;
}

async function scrubManifest(directory: string, entry: ManifestEntry, report: Report): Promise<void> {
  const bytes = await readSmallBlob(directory, entry.digest, largestManifest);
  if (bytes === undefined || bytes.byteLength !== entry.size) {
    report("dangling", entry.digest, "the manifest's file is not there with the size that its entry says");
    return;
  }
  try {
    for (const { digest, size, kind } of readManifestFacts(bytes, entry.mediaType).references) {
      if ((await blobSize(directory, digest)) !== size)
        report("dangling", digest, `${entry.digest} names this ${kind}, which is not there with its size`);
    }
  } catch (error) {
    report("invalid", entry.digest, error instanceof Error ? error.message : "not a manifest");
  }
}
