import type { RegistryAdapter } from "@chartferry/core";

import { generic, specCapabilities, specTraits } from "./generic.ts";

/**
 * zot, self-hosted, so known by its answers: every response to `/v2/` names its own header for browsers.
 * Takes a whole blob in one POST; immutability is a policy that withholds `update` and answers 403. Source: zot pkg/api (routes.go, constants).
 */
export const zot: RegistryAdapter = {
  ...generic,
  id: "zot",
  traits: specTraits,
  capabilities: {
    ...specCapabilities,
    "list-repositories": true,
    mount: true,
    referrers: true,
    "delete-tag": true,
    "delete-manifest": true,
  },
  probe: ({ headers }) => headers["access-control-allow-headers"]?.toLowerCase().includes("x-zot-api-client") ?? false,
  mapError: ({ status, errors, operation }) =>
    status === 403 && operation === "push manifest" && errors.some(({ code }) => code.toUpperCase() === "DENIED")
      ? { hint: "zot answers so where its access policy withholds `create`, or `update` for a tag that is there already" }
      : undefined,
};
