import { type Capabilities, listCatalog, type RegistryAdapter, type Traits } from "@chartferry/core";

/** What a registry that follows the distribution spec and nothing else may be trusted with. */
export const specTraits: Traits = {
  upload: "single-post",
  tagPageSize: 1000,
  manifestBytes: 4 * 1024 * 1024,
  depth: { min: 1, max: Number.POSITIVE_INFINITY },
};

export const specCapabilities: Capabilities = {
  push: true,
  "list-tags": true,
  "list-repositories": "probe",
  mount: "probe",
  referrers: "probe",
  "delete-tag": "probe",
  "delete-manifest": "probe",
  "create-repository":
    "the distribution spec has no call that creates a repository: it appears with the first push, or an administrator makes it",
  "overwrite-tag": "probe",
};

/** Any registry of the distribution spec; what differs from it is learned from its answers. Last in the list: it refuses no host. */
export const generic: RegistryAdapter = {
  id: "generic",
  traits: specTraits,
  capabilities: specCapabilities,
  detect: () => undefined,
  listRepositories: listCatalog,
};
