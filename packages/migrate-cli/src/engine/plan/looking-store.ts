import type { ChartStore } from "@chartferry/core";

/** The same store for one who only looks: what is read is real, what is written counts as done. So a copy decides as it would, and changes nothing. */
export function lookingStore(store: ChartStore): ChartStore {
  const sent = new Map<string, number>();
  return {
    registry: store.registry,
    repository: store.repository,
    resolve: (reference, options) => store.resolve(reference, options),
    fetchManifest: (reference, options) => store.fetchManifest(reference, options),
    findBlob: (digest, options) => (sent.has(digest) ? Promise.resolve({ size: sent.get(digest) }) : store.findBlob(digest, options)),
    fetchBlob: (descriptor, options) => store.fetchBlob(descriptor, options),
    tags: (options) => store.tags(options),
    referrers: (digest, options) => store.referrers(digest, options),
    putManifest: () => Promise.resolve(),
    putBlob({ digest, size }) {
      sent.set(digest, size);
      return Promise.resolve();
    },
    mountBlob: () => Promise.resolve(true),
    deleteManifest: () => Promise.resolve(true),
  };
}
