import type { RegistryResponse } from "@chartferry/registry";

import { failure } from "../world/answers.ts";
import { parseScopes, type Scope } from "../world/scopes.ts";
import { type TokenService, tokenService } from "../world/token-service.ts";
import { organisationOf, type QuayState } from "./quay-state.ts";

/** Sources: quay/quay, `endpoints/v2/v2auth.py`, `auth/registry_jwt_auth.py`. */
export function quayTokens(state: QuayState): TokenService {
  return tokenService({
    realm: `https://${state.host}/v2/auth`,
    service: state.host,
    saysWhy: false,
    tokens: state.tokens,
    identify: ({ user, password }) => (state.accounts.get(user)?.password === password ? user : undefined),
    check: ({ query }) => unreadable(query.getAll("scope"), state),
    grant: (account, wish) => granted(state, { account, wish }),
    refused: () => failure(401, "UNAUTHORIZED", "Could not find robot with specified username and supplied password."),
  });
}

/** Actions are push, pull and `*`; any other, and any scope that is of no repository, is no scope at all. Source: SCOPE_REGEX_TEMPLATE there. */
const scopePattern = /^repository:(?:[.a-zA-Z0-9_-]+\/)*[.a-zA-Z0-9_-]+:(?:push|pull|\*)(?:,(?:push|pull|\*))*$/;

function unreadable(scopes: readonly string[], { extendedNames }: QuayState): RegistryResponse | undefined {
  if (scopes.some((scope) => !scopePattern.test(scope))) return failure(400, "INVALID_REQUEST", "Unable to decode repository and actions");
  const isNested = parseScopes(scopes).some(({ name }) => name.split("/").length > 2);
  return isNested && !extendedNames ? failure(400, "NAME_INVALID", "Nested repositories are not supported") : undefined;
}

/** Whoever may create a repository and asks for a token to push to it has it from then on; others get a token with nothing in it. */
function granted(state: QuayState, { account = "", wish }: { account: string | undefined; wish: Scope }): Scope {
  const { repositories, accounts } = state;
  const organisation = organisationOf(wish.name);
  const mayCreate = state.organisations.includes(organisation) && (accounts.get(account)?.creatorIn.includes(organisation) ?? false);
  const pushes = wish.actions.some((action) => action !== "pull");
  if (mayCreate && pushes) repositories.add(wish.name);
  return { ...wish, actions: mayCreate && repositories.has(wish.name) ? wish.actions : [] };
}
