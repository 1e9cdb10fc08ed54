import { jsonResponse, type RegistryHandler, type RegistryResponse, type RoutedRequest } from "@chartferry/registry";

import { failure } from "../world/answers.ts";
import { basicPair } from "../world/basic-pair.ts";
import { type TokenService, tokenService } from "../world/token-service.ts";
import { type JfrogState, splitKey } from "./jfrog-state.ts";

/** Where the token service of a key is. Source: earthly/earthly#1017. */
const tokenPath = /^\/artifactory\/api\/docker\/([^/]+)\/v2\/token$/;

/** `undefined` = the path is not one of a token service. */
export function tokenEndpoint(state: JfrogState, path: string): RegistryHandler | undefined {
  const [, key] = tokenPath.exec(path) ?? [];
  return key === undefined ? undefined : serviceOf(state, key).handler;
}

/** One token service a repository key; scopes name the image alone, without the key. */
function serviceOf(state: JfrogState, key: string): TokenService {
  return tokenService({
    realm: `https://${state.host}/artifactory/api/docker/${key}/v2/token`,
    service: state.host,
    tokens: state.tokensOf(key),
    identify: (pair) => state.identify(pair),
    grant: (user, wish) => {
      const rights = state.rightsOf(user, key).filter((right) => wish.actions.includes(right));
      return rights.length === 0 ? undefined : { ...wish, actions: rights };
    },
    check: (_request, user) =>
      user === undefined && state.tokensForNobody !== true ? failure(401, "UNAUTHORIZED", "Authentication is required") : undefined,
    reply: (token, life) => ({ token, expires_in: life }),
  });
}

/** For the hook `authorise`. */
export function refuse(routed: RoutedRequest, state: JfrogState): RegistryResponse | undefined {
  const { route } = routed;
  if (route === undefined) return undefined;
  if (route.kind === "ping" || route.kind === "catalog") return refusePing(routed, state);
  const { key } = splitKey(route.repository);
  const access = routed.access.map(({ repository, actions }) => ({ repository: splitKey(repository).image, actions }));
  return serviceOf(state, key).refuse(routed, access);
}

/** The host itself asks for Basic. Source: renovate, `lib/modules/datasource/docker/common.ts`. */
function refusePing({ request }: RoutedRequest, state: JfrogState): RegistryResponse | undefined {
  const pair = basicPair(request.headers["authorization"]);
  const user = pair && state.identify(pair);
  if (user === undefined) {
    const headers = { "www-authenticate": 'Basic realm="Artifactory Realm"' };
    return jsonResponse(401, { errors: [{ code: "UNAUTHORIZED", message: "authentication required", detail: null }] }, headers);
  }
  return state.users.get(user)?.confined === true ? failure(403, "DENIED", "Forbidden") : undefined;
}
