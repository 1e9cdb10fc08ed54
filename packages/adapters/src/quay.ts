import { listCatalog, type ProbeAnswer, type RegistryAdapter } from "@chartferry/core";

import { generic, specCapabilities, specTraits } from "./generic.ts";
import { refusals } from "./support/refusals.ts";

const mapError = refusals([
  {
    // After a sign-in that went well: the token has less in it than was asked for, and the answer does not say so.
    status: 401,
    when: ({ signedIn, operation }) => signedIn === true && operation !== "sign in",
    means: {
      code: "denied-or-missing",
      hint: "check that the organisation exists, and that this account may create repositories in it (robots: give the team the role creator) or write to this one",
    },
  },
  {
    status: 400,
    says: /nested repositories are not supported/i,
    means: { code: "name-invalid", hint: "this Quay has no nested repositories: choose a target of one part, oci://HOST/ORGANISATION" },
  },
]);

/** Quay, its own service or self-hosted: the repository is made while the token to push to it is given. */
export const quay: RegistryAdapter = {
  ...generic,
  id: "quay",
  traits: {
    ...specTraits,
    // More are asked for in vain. Source: quay/quay, `endpoints/v2/__init__.py`.
    tagPageSize: 100,
    depth: { min: 2, max: Number.POSITIVE_INFINITY },
    // `plan` asks for no right to push: that would make the repository.
    hidesMissing: true,
    newRepository: {
      code: "repository-unseen",
      text: "this account does not see the repository: it is not there yet, and the push makes it if this account may create it, or it is another's",
      hint: "see that the account may create repositories in this organisation, or make this one first",
    },
    // An hour, which the reply does not say.
    tokenLife: "jwt",
    // The token service answers 400 to the action `delete`. Source: quay/quay, `endpoints/v2/v2auth.py`.
    deleteActions: "pull,push",
  },
  capabilities: {
    ...specCapabilities,
    "list-repositories": true,
    referrers: true,
    "delete-tag": true,
    "delete-manifest": true,
    "create-repository": "Quay creates the repository, private, while it gives a token to push to it; its organisation must exist",
  },
  detect: (host) => (host === "quay.io" ? {} : undefined),
  probe: isQuay,
  mapError,
  // The token service knows scopes of repositories alone.
  listRepositories: (prefix, context, options) => listCatalog(prefix, context, { ...options, scopes: [] }),
};

/** Source: quay/quay, `auth/registry_jwt_auth.py`. */
function isQuay({ challenges }: ProbeAnswer): boolean {
  return challenges.some(
    ({ scheme, parameters: { realm = "" } }) => scheme === "bearer" && URL.canParse(realm) && new URL(realm).pathname.endsWith("/v2/auth"),
  );
}
