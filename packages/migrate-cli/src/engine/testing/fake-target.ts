import {
  bytesContent,
  type BlobContent,
  type ChartferryError,
  type ChartStore,
  type Connection,
  type StoredManifest,
} from "@chartferry/core";

/** A registry in memory that counts its requests and fails on demand. */
export interface FakeTarget {
  readonly connection: Connection;
  /** By `repository:tag`. */
  readonly tags: Map<string, StoredManifest>;
  /** By `repository@digest`; zeros of their length. */
  readonly blobs: Map<string, Uint8Array>;
  readonly calls: Record<"list" | "resolve" | "fetchManifest" | "putManifest" | "putBlob", number>;
  /** Thrown by every call while it is set. */
  failure: ChartferryError | undefined;
  /** Awaited at the start of every `putManifest`. */
  beforePut: ((reference: string) => Promise<void> | void) | undefined;
}

export function createFakeTarget(registry = "registry.test"): FakeTarget {
  const target: FakeTarget = {
    tags: new Map(),
    blobs: new Map(),
    calls: { list: 0, resolve: 0, fetchManifest: 0, putManifest: 0, putBlob: 0 },
    failure: undefined,
    beforePut: undefined,
    connection: {
      end: "target",
      registry,
      adapter: "fake",
      openStore: (repository) => Promise.resolve(createFakeStore(target, registry, repository)),
      async *repositories() {},
      nameProblems: () => [],
      ping: () => Promise.resolve({ credentialSource: undefined }),
      traffic: () => ({
        [registry]: { requests: sum(target.calls), retries: 0, bytesSent: 0, bytesReceived: 0, throttled: 0, pausedMs: 0 },
      }),
      close: () => Promise.resolve(),
    },
  };
  return target;
}

function createFakeStore(target: FakeTarget, registry: string, repository: string): ChartStore {
  const nameOf = (digest: string): string => `${repository}@${digest}`;
  const count = (call: keyof FakeTarget["calls"]): void => {
    target.calls[call]++;
    if (target.failure !== undefined) throw target.failure;
  };
  const find = (reference: string): StoredManifest | undefined => {
    if (!reference.includes(":")) return target.tags.get(`${repository}:${reference}`);
    return [...target.tags].find(([name, { digest }]) => name.startsWith(`${repository}:`) && digest === reference)?.[1];
  };
  return {
    registry,
    repository,
    async resolve(reference) {
      count("resolve");
      const found = find(reference);
      return found && { mediaType: found.mediaType, digest: found.digest, size: found.bytes.byteLength };
    },
    async fetchManifest(reference) {
      count("fetchManifest");
      return find(reference);
    },
    async putManifest(reference, manifest) {
      await target.beforePut?.(`${repository}:${reference}`);
      count("putManifest");
      target.tags.set(`${repository}:${reference}`, manifest);
    },
    findBlob(digest) {
      const size = target.blobs.get(nameOf(digest))?.byteLength;
      return Promise.resolve(size === undefined ? undefined : { size });
    },
    async *fetchBlob({ digest }) {
      yield target.blobs.get(nameOf(digest)) ?? new Uint8Array();
    },
    async putBlob(content) {
      count("putBlob");
      target.blobs.set(nameOf(content.digest), new Uint8Array(content.size));
    },
    mountBlob: () => Promise.resolve(false),
    async *tags() {
      count("list");
      for (const name of target.tags.keys()) if (name.startsWith(`${repository}:`)) yield name.slice(repository.length + 1);
    },
    async *referrers() {},
    deleteManifest: () => Promise.resolve(false),
  };
}

function sum(calls: FakeTarget["calls"]): number {
  return Object.values(calls).reduce((total, count) => total + count, 0);
}

/** Bytes as content that can be read again. */
export function contentOf(text: string): BlobContent {
  return bytesContent(Buffer.from(text));
}

/** The manifest of a container image. */
export function imageManifest(): StoredManifest {
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest: contentOf("{}").digest, size: 2 };
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [] }));
  return { mediaType, digest: contentOf(bytes.toString()).digest, bytes };
}
