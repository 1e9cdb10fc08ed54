import { type ChartStore, isChartferryError } from "@chartferry/core";

/**
 * The same store for one who only looks: what is read is real, what is written counts as done. So a copy decides as it would, and changes nothing.
 * `whenHidden` is for registries that refuse what they do not have: it is told, and nothing stands there.
 */
export function lookingStore(store: ChartStore, whenHidden?: () => void): ChartStore {
  const seen = async <T>(looking: Promise<T | undefined>): Promise<T | undefined> => {
    try {
      return await looking;
    } catch (error) {
      if (whenHidden === undefined || !isChartferryError(error, "denied-or-missing")) throw error;
      whenHidden();
      return undefined;
    }
  };
  const sent = new Map<string, number>();
  return {
    registry: store.registry,
    repository: store.repository,
    resolve: (reference, options) => seen(store.resolve(reference, options)),
    fetchManifest: (reference, options) => seen(store.fetchManifest(reference, options)),
    findBlob: (digest, options) => (sent.has(digest) ? Promise.resolve({ size: sent.get(digest) }) : seen(store.findBlob(digest, options))),
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
