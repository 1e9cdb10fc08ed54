import { jsonResponse, type RegistryHandler, type RegistryRequest, type RegistryResponse, type RoutedRequest } from "@chartferry/registry";

import { basicPair } from "../world/basic-pair.ts";
import { type TokenService, tokenService } from "../world/token-service.ts";
import { harborFailure } from "./harbor-answers.ts";
import { type HarborState, projectOf } from "./harbor-state.ts";

export interface HarborAccess {
  /** `/service/token` on Harbor's own host. */
  readonly tokens: RegistryHandler;
  /** For the hook `authorise`. */
  readonly refuse: (routed: RoutedRequest) => RegistryResponse | undefined;
}

/** Source: goharbor/harbor, src/core/service/token/creator.go and src/server/middleware/v2auth/auth.go. */
export function harborAccess(state: HarborState): HarborAccess {
  const service = tokenService({
    realm: `https://${state.host}/service/token`,
    service: "harbor-registry",
    tokens: state.tokens,
    identify: (pair) => state.identify(pair),
    // What is not known or not allowed leaves an empty list, under status 200.
    grant: (account, { type, name }) => ({ type, name, actions: name.includes("/") ? state.rightsOf(account, projectOf(name)) : [] }),
    check: ({ query }, account) => {
      if (query.get("service") !== "harbor-registry") return jsonResponse(400, `Unable to handle service: ${query.get("service")}`);
      // The one place where a wrong password is answered as such: docker login, which asks for no scope.
      return account === undefined && query.getAll("scope").length === 0 ? { status: 401, headers: {} } : undefined;
    },
    reply: (token, life) => ({ token, expires_in: life, issued_at: new Date(state.clock.now()).toISOString() }),
  });
  return {
    tokens: (request) => service.handler(knownOrNobody(request, state)),
    refuse: (routed) => refuse(routed, state, service),
  };
}

/** Whom Harbor does not know is nobody to it, and gets nobody's token. */
function knownOrNobody(request: RegistryRequest, state: HarborState): RegistryRequest {
  const pair = basicPair(request.headers["authorization"]);
  if (pair !== undefined && state.identify(pair) !== undefined) return request;
  return { ...request, headers: { ...request.headers, authorization: undefined } };
}

interface Caller {
  /** Signed in, as opposed to nobody. */
  readonly isSomebody: boolean;
  may(repository: string, action: string): boolean;
}

function callerOf(request: RegistryRequest, state: HarborState, service: TokenService): Caller {
  const token = service.tokenOf(request);
  if (token !== undefined && !token.expired)
    return {
      isSomebody: token.holder !== undefined,
      may: (repository, action) => token.access.some(({ name, actions }) => name === repository && actions.includes(action)),
    };
  const pair = basicPair(request.headers["authorization"]);
  const account = pair && state.identify(pair);
  return {
    isSomebody: account !== undefined,
    may: (repository, action) => state.rightsOf(account, projectOf(repository)).some((right) => right === action),
  };
}

const basic = 'Basic realm="harbor"';

function refuse(routed: RoutedRequest, state: HarborState, service: TokenService): RegistryResponse | undefined {
  const { request, route } = routed;
  if (route === undefined) return undefined;
  if (route.kind === "catalog") return isAdministrator(request, state) ? undefined : unauthorised("unauthorized to list catalog", basic);
  const isAsked = request.headers["authorization"] === undefined;
  const asks = isAsked ? (service.challenge(routed.access)["www-authenticate"] ?? "") : basic;
  const caller = callerOf(request, state, service);
  if (route.kind === "ping") return caller.isSomebody ? undefined : unauthorised("unauthorized", asks);
  // Also in a public project (goharbor/harbor#11271). Newer sources say so of HEAD alone; the stricter form is taken.
  if (isAsked && ["GET", "HEAD"].includes(request.method))
    return unauthorised(`authorize header needed to send ${request.method} to repository`, asks);
  return lacking(routed, state, { caller, asks });
}

function lacking(
  { access }: RoutedRequest,
  { projects }: HarborState,
  { caller, asks }: { readonly caller: Caller; readonly asks: string },
): RegistryResponse | undefined {
  for (const { repository, actions } of access) {
    // The failure of looking the project up leaves no challenge behind, so that the header's value is empty.
    if (!projects.has(projectOf(repository))) return unauthorised(`project ${projectOf(repository)} not found`, "");
    const action = actions.find((each) => !caller.may(repository, each));
    if (action !== undefined) return unauthorised(`unauthorized to access repository: ${repository}, action: ${action}`, asks);
  }
  return undefined;
}

function isAdministrator({ headers }: RegistryRequest, state: HarborState): boolean {
  const pair = basicPair(headers["authorization"]);
  const account = pair && state.identify(pair);
  return account !== undefined && state.accounts.get(account)?.kind === "admin";
}

function unauthorised(message: string, challenge: string): RegistryResponse {
  const headers = { "docker-distribution-api-version": "registry/2.0", "www-authenticate": challenge };
  return harborFailure(401, ["UNAUTHORIZED", message], headers);
}
