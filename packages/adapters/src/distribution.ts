import type { RegistryAdapter } from "@chartferry/core";

import { generic, specCapabilities, specTraits } from "./generic.ts";

/**
 * CNCF Distribution 2.8 and 3.x, and what is built on it. A single POST with a body is answered 202 and the body thrown away, so it is not tried.
 * 2.8 ignores `n` and does not sort tags; both lack the referrers API (the fallback tag serves). Deleting is off unless configured.
 */
export const distribution: RegistryAdapter = {
  ...generic,
  id: "distribution",
  traits: { ...specTraits, upload: "post-put" },
  capabilities: {
    ...specCapabilities,
    "list-repositories": true,
    mount: true,
    referrers: "Distribution has no referrers API; referrers are kept under the tag sha256-<hex>",
    "overwrite-tag": true,
  },
  /** Products built on Distribution send it too: their adapters stand before this one. A false match costs a request a blob, nothing else. */
  probe: ({ headers }) => headers["docker-distribution-api-version"] === "registry/2.0",
  /** Both releases answer so, in plain text, while `storage.maintenance.readonly` is on. */
  mapError: ({ status, headers, operation }) =>
    status === 405 && headers["allow"] === "GET, HEAD" && /push|upload/.test(operation) ? { code: "read-only" } : undefined,
};
