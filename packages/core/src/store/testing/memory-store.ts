import { bytesContent, type BlobContent, type Descriptor, type StoredManifest } from "../../content.ts";
import { isDigest, verifiedStream } from "../../digest.ts";
import { ChartferryError } from "../../errors.ts";
import { readManifestFacts } from "../../manifest/manifest-facts.ts";
import type { ChartStore } from "../chart-store.ts";

export interface MemoryStore extends ChartStore {
  /** Every call that a registry would have seen, in order: `HEAD manifest 1.0.0`, `PUT blob sha256:…`. */
  readonly calls: string[];
  readonly blobs: Map<string, Uint8Array>;
  readonly manifests: Map<string, StoredManifest>;
  readonly tagged: Map<string, string>;
  readonly referring: Map<string, Descriptor[]>;
  /** Called before each call; throws to make it fail. */
  before: (call: string) => void;
}

/** A store in memory for tests, with a referrers API; it accepts whatever it is given, and `before` may refuse. */
export function createMemoryStore(repository = "charts/web"): MemoryStore {
  const calls: string[] = [];
  const contents: Contents = { blobs: new Map(), manifests: new Map(), tagged: new Map(), referring: new Map() };
  const called = async (call: string): Promise<void> => {
    calls.push(call);
    await Promise.resolve();
    store.before(call);
  };
  const store: MemoryStore = {
    registry: "memory.example",
    repository,
    calls,
    ...contents,
    before: () => undefined,
    ...manifestVerbs(contents, called),
    ...blobVerbs(contents, called),
  };
  return store;
}

type Contents = Pick<MemoryStore, "blobs" | "manifests" | "tagged" | "referring">;
type Called = (call: string) => Promise<void>;
type ManifestVerbs = "resolve" | "fetchManifest" | "putManifest" | "tags" | "referrers" | "deleteManifest";

function manifestVerbs({ manifests, tagged, referring }: Contents, called: Called): Pick<ChartStore, ManifestVerbs> {
  const find = (reference: string): StoredManifest | undefined =>
    manifests.get(isDigest(reference) ? reference : (tagged.get(reference) ?? ""));
  return {
    resolve: async (reference) => {
      await called(`HEAD manifest ${reference}`);
      const found = find(reference);
      return found && { mediaType: found.mediaType, digest: found.digest, size: found.bytes.byteLength };
    },
    fetchManifest: async (reference) => {
      await called(`GET manifest ${reference}`);
      return find(reference);
    },
    putManifest: async (reference, manifest) => {
      await called(`PUT manifest ${reference}`);
      manifests.set(manifest.digest, manifest);
      if (!isDigest(reference)) tagged.set(reference, manifest.digest);
      listUnderSubject(referring, manifest);
    },
    async *tags() {
      await called("LIST tags");
      yield* tagged.keys();
    },
    async *referrers(digest) {
      await called(`LIST referrers ${digest}`);
      yield* referring.get(digest) ?? [];
    },
    deleteManifest: async (reference) => {
      await called(`DELETE manifest ${reference}`);
      return tagged.delete(reference);
    },
  };
}

function listUnderSubject(referring: Contents["referring"], { bytes, mediaType, digest }: StoredManifest): void {
  if (!Buffer.from(bytes).includes('"subject"')) return;
  const { subject = "" } = readManifestFacts(bytes, mediaType);
  const others = (referring.get(subject) ?? []).filter((each) => each.digest !== digest);
  referring.set(subject, [...others, { mediaType, digest, size: bytes.byteLength }]);
}

function blobVerbs({ blobs }: Contents, called: Called): Pick<ChartStore, "findBlob" | "fetchBlob" | "putBlob" | "mountBlob"> {
  return {
    findBlob: async (digest) => {
      await called(`HEAD blob ${digest}`);
      const bytes = blobs.get(digest);
      return bytes && { size: bytes.byteLength };
    },
    fetchBlob: (descriptor) => read(blobs, descriptor),
    putBlob: async (content) => {
      await called(`PUT blob ${content.digest}`);
      blobs.set(content.digest, await bytesOf(content));
    },
    mountBlob: async (descriptor, from) => {
      await called(`MOUNT blob ${descriptor.digest} ${from}`);
      return false;
    },
  };
}

export async function bytesOf(content: BlobContent): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content.open()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function read(blobs: Map<string, Uint8Array>, descriptor: Descriptor): AsyncIterable<Uint8Array> {
  const bytes = blobs.get(descriptor.digest);
  if (bytes === undefined) throw new ChartferryError(`no blob ${descriptor.digest}`, { code: "blob-unknown", operation: "fetch blob" });
  return verifiedStream(bytesContent(bytes).open(), { digest: descriptor.digest, size: descriptor.size, operation: "fetch blob" });
}
