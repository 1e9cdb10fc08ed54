import { connectLayout, type RegistryAdapter } from "@chartferry/core";

import { specCapabilities, specTraits } from "./generic.ts";

/** Image layouts below a directory, one per repository: target and source `oci-layout:DIR`. Never chosen by host: the scheme names it. */
export const ociLayout: RegistryAdapter = {
  id: "oci-layout",
  traits: specTraits,
  capabilities: {
    ...specCapabilities,
    "list-repositories": true,
    mount: true,
    referrers: true,
    "delete-tag": true,
    "delete-manifest": true,
    "create-repository": "a layout is created by the first push",
    "overwrite-tag": true,
  },
  detect: () => undefined,
  connect: connectLayout,
};
