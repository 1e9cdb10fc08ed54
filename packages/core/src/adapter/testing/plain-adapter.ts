import type { RegistryAdapter } from "../registry-adapter.ts";

const no = "this registry is only there for a test";

/** An adapter that recognises no host and has no hooks but the given ones. */
export function plainAdapter(id: string, hooks: Partial<RegistryAdapter> = {}): RegistryAdapter {
  return {
    id,
    traits: { upload: "post-put", tagPageSize: undefined, manifestBytes: 4096, depth: { min: 1, max: 9 } },
    capabilities: {
      push: true,
      "list-tags": true,
      "list-repositories": no,
      mount: no,
      referrers: no,
      "delete-tag": no,
      "delete-manifest": no,
      "create-repository": no,
      "overwrite-tag": no,
    },
    detect: () => undefined,
    ...hooks,
  };
}
