import type { BlobContent, Descriptor, StoredManifest } from "../../content.ts";
import { digestOf, isDigest, verifiedStream } from "../../digest.ts";
import { ChartferryError } from "../../errors.ts";
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

/** A store in memory for tests: refuses manifests whose blobs it has not seen only where the test asks for it through `before`. */
export function createMemoryStore(repository = "charts/web"): MemoryStore {
  const state = { calls: [] as string[], blobs: new Map<string, Uint8Array>(), manifests: new Map<string, StoredManifest>() };
  const tagged = new Map<string, string>();
  const referring = new Map<string, Descriptor[]>();
  const called = (call: string): Promise<void> => {
    state.calls.push(call);
    return Promise.resolve().then(() => store.before(call));
  };
  const find = (reference: string): StoredManifest | undefined => state.manifests.get(isDigest(reference) ? reference : (tagged.get(reference) ?? ""));
  const store: MemoryStore = {
    registry: "memory.example",
    repository,
    ...state,
    tagged,
    referring,
    before: () => undefined,
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
      state.manifests.set(manifest.digest, manifest);
      if (!isDigest(reference)) tagged.set(reference, manifest.digest);
    },
    hasBlob: async (digest) => {
      await called(`HEAD blob ${digest}`);
      return state.blobs.has(digest);
    },
    fetchBlob: (descriptor) => read(state.blobs, descriptor),
    putBlob: async (content) => {
      await called(`PUT blob ${content.digest}`);
      state.blobs.set(content.digest, await bytesOf(content));
    },
    mountBlob: async (descriptor, from) => {
      await called(`MOUNT blob ${descriptor.digest} ${from}`);
      return false;
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
  return store;
}

/** Content that lies in memory. */
export function contentOf(bytes: Uint8Array): BlobContent {
  return {
    digest: digestOf(bytes),
    size: bytes.byteLength,
    bytes,
    // oxlint-disable-next-line typescript/require-await -- a stream of one chunk
    open: async function* () {
      yield bytes;
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
  return verifiedStream(contentOf(bytes).open(), { digest: descriptor.digest, size: descriptor.size, operation: "fetch blob" });
}
