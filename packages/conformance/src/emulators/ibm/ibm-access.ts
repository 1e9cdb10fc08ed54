import { jsonResponse, type RegistryResponse, type RoutedRequest } from "@chartferry/registry";

import { failure } from "../world/answers.ts";
import { type TokenService, tokenService } from "../world/token-service.ts";
import { type IbmRefusal, type IbmState, namespaceOf } from "./ibm-state.ts";

/** `/oauth/token` on the registry's host. The shape of its reply is not verified; `token` is the specification's. */
export function ibmTokens(state: IbmState): TokenService {
  return tokenService({
    realm: `https://${state.host}/oauth/token`,
    service: "registry",
    tokens: state.tokens,
    identify: (pair) => state.identify(pair),
    grant: (apiKey, wish) => {
      const owner = state.namespaces.get(namespaceOf(wish.name));
      return owner !== undefined && owner === state.identityOf(apiKey)?.account ? wish : undefined;
    },
    check: (_request, apiKey) =>
      apiKey === undefined ? failure(401, "UNAUTHORIZED", "Authorization required. See https://cloud.ibm.com/docs/Registry") : undefined,
    reply: (token, life) => ({ token, expires_in: life }),
  });
}

const said: Readonly<Record<IbmRefusal, readonly [number, string]>> = {
  "storage quota": [403, "Your account has exceeded its image storage quota for the current month."],
  "private only": [403, "Private-only access is enabled on this account. Use the private network connection."],
  "insufficient scope": [401, "Insufficient scope"],
};

/** For the hook `authorise`. The status of these words is not verified. */
export function refuse(routed: RoutedRequest, state: IbmState, service: TokenService): RegistryResponse | undefined {
  const token = service.tokenOf(routed.request);
  if (token === undefined || token.expired) return service.refuse(routed);
  const account = state.identityOf(token.holder)?.account ?? "";
  const refusal = state.refusals.get(account);
  if (refusal !== undefined) return spoken(...said[refusal], service.challenge(routed.access, "insufficient_scope"));
  // One answer for what is not there and what is somebody else's.
  if (service.refuse(routed) === undefined) return undefined;
  return spoken(401, "requested access to the resource is denied", service.challenge(routed.access, "insufficient_scope"));
}

function spoken(status: number, message: string, challenge: Readonly<Record<string, string>>): RegistryResponse {
  return jsonResponse(status, { errors: [{ code: "DENIED", message }] }, status === 401 ? challenge : {});
}
